// Command generate renews what is made from the types of the policy documents
// and their comments. It is run by make generate.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := write("../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write renews the files below the module's root.
func write(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(root, name), data, 0o644); err != nil { //nolint:gosec // source code
			return err
		}
	}
	return nil
}
