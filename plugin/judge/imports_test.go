package judge

import (
	"os/exec"
	"strings"
	"testing"
)

// TestKnowsNoNRI: neither this package nor what it imports, nor its tests.
func TestKnowsNoNRI(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	packages := strings.Fields(string(out))
	for _, p := range packages {
		if strings.HasPrefix(p, "github.com/containerd/") || strings.HasPrefix(p, "google.golang.org/grpc") {
			t.Errorf("it needs %s", p)
		}
	}
	if len(packages) < 50 {
		t.Errorf("only %d packages", len(packages))
	}
}
