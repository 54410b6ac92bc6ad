// Package buildversion tells the version of a program.
package buildversion

import "runtime/debug"

// Of is the version given by the linker, or the revision that the program was built from.
func Of(linked string) string {
	if linked != "" {
		return linked
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
