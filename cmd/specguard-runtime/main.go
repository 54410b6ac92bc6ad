// Command specguard-runtime stands in the place of an OCI runtime such as runc
// on a node (internal/wrapper).
package main

import (
	"fmt"
	"os"

	"github.com/specguard/specguard/internal/buildversion"
	"github.com/specguard/specguard/internal/wrapper"
	"github.com/specguard/specguard/internal/wrapperconfig"
)

// version is set by the linker (-X main.version=...).
var version string

func main() {
	if len(os.Args) == 2 && os.Args[1] == wrapperconfig.VersionCommand {
		fmt.Println(wrapperconfig.VersionPrefix + buildversion.Of(version))
		return
	}
	os.Exit(wrapper.Run(os.Args, os.Stdin, os.Stderr))
}
