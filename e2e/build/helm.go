package build

import (
	"context"
	"os"
	"path/filepath"
)

// HelmVersion is the Helm that charts are installed with; go.mod has the same,
// to render them.
const HelmVersion = "v3.22.0"

// Helm returns the path of helm, building it at first use.
func (c *Cache) Helm(ctx context.Context) (string, error) {
	dir, err := c.entry(ctx, "helm-"+HelmVersion, func(dir string) error {
		_, err := goTool(ctx, os.TempDir(), []string{"CGO_ENABLED=0", "GOBIN=" + dir},
			"install", "-trimpath", "helm.sh/helm/v3/cmd/helm@"+HelmVersion)
		return err
	})
	return filepath.Join(dir, "helm"), err
}
