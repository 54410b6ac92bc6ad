// Command specguard is the node agent and its command line.
package main

import (
	"os"

	"github.com/specguard/specguard/internal/cli"
)

// version is set by the linker (-X main.version=...).
var version string

func main() { os.Exit(cli.Main(version)) }
