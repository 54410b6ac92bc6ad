// Command pinns pins the namespaces of a pod for CRI-O, which does not run
// without a program of that name and command line:
//
//	pinns -d DIR -f NAME [-s KEY=VALUE]... [--ipc[=host]] [--net[=host]] [--uts[=host]]
//	      [--user --uid-mapping=MAP --gid-mapping=MAP]
//
// It makes a namespace of each kind that is named and mounts it at DIR/KINDns/NAME,
// where it stays until CRI-O unmounts it. With =host it mounts the node's own.
// Sysctls are set in the new namespaces. MAP is a list of
// CONTAINER-HOST-SIZE, each ended by @. Mount and cgroup namespaces, which
// CRI-O does not ask for, are unknown here.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pinns:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 && args[0] == holdCommand {
		return hold(args[1:], os.Stdin, os.Stdout)
	}
	r, err := parse(args)
	if err != nil {
		return err
	}
	return r.pin()
}
