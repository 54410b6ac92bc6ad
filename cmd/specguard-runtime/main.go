// Command specguard-runtime stands in the place of an OCI runtime such as runc
// on a node (internal/wrapper).
package main

import (
	"os"

	"github.com/specguard/specguard/internal/wrapper"
)

func main() { os.Exit(wrapper.Run(os.Args, os.Stdin, os.Stderr)) }
