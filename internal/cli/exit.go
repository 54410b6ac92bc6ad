package cli

import "fmt"

// exitStatus is an error that ends the program with this status. It has no message,
// because the command has printed everything.
type exitStatus int

// The exit statuses of all commands. Status 0 is success.
const (
	exitError  exitStatus = 1 // an error, or what the command checks is not as it must be
	exitDenied exitStatus = 2 // check, audit: a container is denied; adjusted, by audit; or changed, with --compare
	exitKept   exitStatus = 2 // uninstall: the wrapper is still in use and was kept
)

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }
