// Command images writes an archive of the images that the tests on a cluster
// start in pods, for nodes that are not theirs.
//
//	images FILE
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/image"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: images FILE")
	}
	if err := build.Package("busybox-static"); err != nil {
		return err
	}
	file, err := os.Create(args[0])
	if err != nil {
		return err
	}
	return errors.Join(image.Write(file, build.Busybox, cluster.Images()...), file.Close())
}
