package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// writePolicies makes dir hold exactly the given files. A file appears under
// its name only once it is complete.
func writePolicies(dir string, policies map[string]string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write policies: %w", err)
	}
	for name, content := range policies {
		temp := filepath.Join(dir, "."+name+".new")
		err := os.WriteFile(temp, []byte(content), 0o644)
		if err = errors.Join(err, os.Rename(temp, filepath.Join(dir, name))); err != nil {
			return fmt.Errorf("write policies: %w", err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("write policies: %w", err)
	}
	for _, entry := range entries {
		if _, wanted := policies[entry.Name()]; wanted {
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("write policies: %w", err)
		}
	}
	return nil
}
