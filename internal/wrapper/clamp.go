package wrapper

import (
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// clamp is the process that may be executed in a container in place of the one
// that was asked for: the container's own process, but with the command, the
// folder and the terminal that were asked for, no more capabilities than asked
// for, and the asked values of those variables that the container has. HOME goes
// with the user: a container that has one keeps it.
//
// So it never has what the container was not given. Its user is the
// container's, too: CRI has no way to ask for another one.
func clamp(asked, given *specs.Process) *specs.Process {
	out := *given
	out.Args, out.CommandLine, out.Cwd = asked.Args, asked.CommandLine, asked.Cwd
	out.Terminal, out.ConsoleSize = asked.Terminal, asked.ConsoleSize
	out.Env = withHome(clampEnv(asked.Env, given.Env), given.Env)
	out.Capabilities = clampCapabilities(asked.Capabilities, given.Capabilities)
	out.NoNewPrivileges = asked.NoNewPrivileges || given.NoNewPrivileges
	return &out
}

// terminalVariable is what runtimes add for a process with a terminal.
const terminalVariable = "TERM"

func clampEnv(asked, given []string) []string {
	names := []string{terminalVariable}
	for _, v := range given {
		names = append(names, variable(v))
	}
	return slices.DeleteFunc(slices.Clone(asked), func(v string) bool { return !slices.Contains(names, variable(v)) })
}

// withHome gives a process the container's HOME, if there is one. Of several entries
// the last one counts.
func withHome(env, given []string) []string {
	home := ""
	for _, v := range given {
		if variable(v) == "HOME" {
			home = v
		}
	}
	if home == "" {
		return env
	}
	env = slices.DeleteFunc(env, func(v string) bool { return variable(v) == "HOME" })
	return append(env, home)
}

func variable(v string) string {
	name, _, _ := strings.Cut(v, "=")
	return name
}

// clampCapabilities leaves what both have. A process that asks for no set in
// particular gets the container's.
func clampCapabilities(asked, given *specs.LinuxCapabilities) *specs.LinuxCapabilities {
	switch {
	case given == nil:
		return &specs.LinuxCapabilities{}
	case asked == nil:
		return given
	}
	return &specs.LinuxCapabilities{
		Bounding:    both(asked.Bounding, given.Bounding),
		Effective:   both(asked.Effective, given.Effective),
		Inheritable: both(asked.Inheritable, given.Inheritable),
		Permitted:   both(asked.Permitted, given.Permitted),
		Ambient:     both(asked.Ambient, given.Ambient),
	}
}

func both(asked, given []string) []string {
	return slices.DeleteFunc(slices.Clone(asked), func(c string) bool { return !slices.Contains(given, c) })
}
