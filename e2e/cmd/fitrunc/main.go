// Command fitcaps is an OCI runtime that takes from each process the
// capabilities that this machine does not have itself, and then becomes the
// runc whose path is linked in.
//
// CRI-O gives a privileged container every capability that the kernel knows,
// and runc fails where it cannot give them all, which is on machines that are
// themselves containers of some kind. containerd gives no more than it has.
package main

import (
	"fmt"
	"os"
	"path/filepath"
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
	fmt.Fprintln(os.Stderr, "fitcaps:", err)
	os.Exit(1)
}

// fit edits the file that tells what to run, if the command line has one.
func fit(args []string) error {
	missing, err := missingCaps()
	if err != nil || len(missing) == 0 {
		return err
	}
	c := parse(args)
	switch c.name {
	case "create", "run":
		return edit(filepath.Join(c.bundle, "config.json"), missing, "process")
	case "exec":
		if c.process != "" {
			return edit(c.process, missing)
		}
	}
	return nil
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
