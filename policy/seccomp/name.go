package seccomp

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// callNames has the names of Linux's system calls on the architectures that
// containers run on: those of libseccomp 2.5.4 and of golang.org/x/sys 0.49.0.
//
//go:embed calls.txt
var callNames string

// Call is the name of a system call, such as bpf.
type Call string

// UnmarshalText reads a call's name. An unknown one is an error: an OCI runtime
// would leave it out.
func (c *Call) UnmarshalText(text []byte) error {
	if len(text) == 0 || !strings.Contains("\n"+callNames, "\n"+string(text)+"\n") {
		return fmt.Errorf("unknown system call %q", text)
	}
	*c = Call(text)
	return nil
}

// JSONSchema requires a name.
func (Call) JSONSchema() map[string]any {
	return strict.Named("system call", strict.Pattern("^[a-z0-9_]+$"))
}
