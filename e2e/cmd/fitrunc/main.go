// Command fitrunc is an OCI runtime that takes from what is to run what this
// machine does not have itself: capabilities, limits of huge pages, protection
// from the OOM killer. Then it becomes the runc whose path is linked in.
//
// CRI-O asks for all that the kernel could do, and runc fails where it cannot do
// it all, which is on machines that are themselves containers of some kind.
// containerd asks for no more than there is.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// runc is set by the linker.
var runc string

func main() {
	err := fit(os.Args[1:])
	if err == nil {
		err = unix.Exec(runc, append([]string{runc}, os.Args[1:]...), os.Environ())
	}
	fmt.Fprintln(os.Stderr, "fitrunc:", err)
	os.Exit(1)
}

// fit edits the file that tells what to run, if the command line has one.
func fit(args []string) error {
	missing, err := missingCaps()
	if err != nil {
		return err
	}
	c := parse(args)
	switch c.name {
	case "create", "run":
		return fitBundle(filepath.Join(c.bundle, "config.json"), missing)
	case "exec":
		if c.process != "" {
			return edit(c.process, missing)
		}
	}
	return nil
}

func fitBundle(file string, missing []string) error {
	if err := edit(file, missing, "process"); err != nil {
		return err
	}
	if slices.Contains(missing, "CAP_SYS_RESOURCE") {
		if err := editFile(file, noLowerScore, "process", "oomScoreAdj"); err != nil {
			return err
		}
	}
	if hasHugePages() {
		return nil
	}
	return editFile(file, noHugePages, "linux", "resources")
}

// command is what matters here of runc's command line.
type command struct{ name, bundle, process string }

// parse reads a command line as conmon and CRI-O write it: the value of an
// option is the next word, and the first other word is the command.
func parse(args []string) command {
	c := command{bundle: "."}
	for i := 0; i < len(args); i++ {
		next := ""
		if i+1 < len(args) {
			next = args[i+1]
		}
		switch args[i] {
		case "--root", "--log", "--log-format", "--pid-file", "--console-socket":
			i++
		case "--bundle", "-b":
			c.bundle = next
			i++
		case "--process", "-p":
			c.process = next
			i++
		default:
			if c.name == "" && !strings.HasPrefix(args[i], "-") {
				c.name = args[i]
			}
		}
	}
	return c
}
