// Package build makes the programs that the end-to-end tests run.
//
// Nothing prebuilt is downloaded: container runtimes are compiled from their
// Go modules at pinned versions and kept in a cache folder outside the
// checkout, because a cold build takes minutes. The project's own programs
// are compiled on every call.
//
// Any number of test binaries may call this package at the same time: a
// program is built in a temporary folder under a file lock and moved into
// place in one step, so nobody ever sees half of one.
package build
