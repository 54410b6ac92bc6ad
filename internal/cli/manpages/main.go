// Command manpages writes the manual pages of specguard into a folder. make man runs it. It is a
// program of its own, because the agent has no use for what makes them.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra/doc"

	"github.com/specguard/specguard/internal/cli"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

// run writes a page for each command. With SOURCE_DATE_EPOCH in the environment, the pages are of
// that time.
func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: manpages FOLDER VERSION")
	}
	if err := os.MkdirAll(args[0], 0o750); err != nil {
		return err
	}
	root := cli.Command(args[1])
	root.DisableAutoGenTag = true
	header := doc.GenManHeader{Title: "SPECGUARD", Section: "1", Source: "specguard " + args[1], Manual: "specguard"}
	return doc.GenManTree(root, &header, args[0])
}
