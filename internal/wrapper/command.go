package wrapper

import (
	"fmt"
	"slices"
	"strings"
)

// command is a call of an OCI runtime:
//
//	RUNTIME [global flags] NAME [flags] [operands]
//
// The flags are those of runc and crun. They are given as --flag=VALUE or
// --flag VALUE; runc takes one dash, too.
type command struct {
	args    []string // all that was given, without the program's name
	name    string   // create, exec, ...; "" if there is none
	globals flags
	flags   flags

	nameAt   int      // where in args the name stands
	operands []string // what follows the flags
}

// flags are flags by their long names, in the order in which they were given.
type flags []flag

// flag is a flag that was given.
type flag struct {
	name, value string
	at          int  // where in the arguments it stands
	apart       bool // the value is the next argument
}

// value is the flag's value; "" if it was not given.
func (fs flags) value(name string) string {
	for _, f := range fs {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// values are the flag's values.
func (fs flags) values(name string) []string {
	var out []string
	for _, f := range fs {
		if f.name == name {
			out = append(out, f.value)
		}
	}
	return out
}

// flagSet are the flags that a command has.
type flagSet struct {
	takes []string // a value
	bare  []string // none
	lists []string // a value, more than once
	short map[string]string
}

func globalFlags() flagSet {
	return flagSet{
		takes: []string{"log", "log-format", "log-level", "root", "criu", "rootless", "cgroup-manager"},
		bare:  []string{"debug", "systemd-cgroup", "help", "version"},
		short: map[string]string{"h": "help", "v": "version"},
	}
}

// createFlags are those of create and run.
func createFlags() flagSet {
	return flagSet{
		takes: []string{"bundle", "console-socket", "pidfd-socket", "pid-file", "preserve-fds"},
		bare:  []string{"no-pivot", "no-new-keyring", "detach", "keep", "no-subreaper"},
		short: map[string]string{"b": "bundle", "d": "detach"},
	}
}

func execFlags() flagSet {
	return flagSet{
		takes: []string{"console-socket", "pidfd-socket", "cwd", "user", "process", "pid-file", "process-label", "apparmor", "preserve-fds"},
		bare:  []string{"tty", "detach", "no-new-privs", "ignore-paused"},
		lists: []string{"env", "additional-gids", "cap", "cgroup"},
		short: map[string]string{"e": "env", "t": "tty", "u": "user", "g": "additional-gids", "p": "process", "d": "detach", "c": "cap"},
	}
}

// judged are the commands that start processes in containers.
func judged() []string { return []string{"create", "run", "exec", "restore"} }

// parse reads the arguments. What cannot be understood is an error only where
// it may be a command that starts a process: all else is the real runtime's to
// understand.
func parse(args []string) (command, error) {
	c := command{args: args}
	var err error
	if c.globals, c.nameAt, err = globalFlags().parse(args, 0); err != nil {
		if slices.ContainsFunc(args, func(a string) bool { return slices.Contains(judged(), a) }) {
			return command{}, err
		}
		return c, nil
	}
	if c.nameAt < len(args) && args[c.nameAt] == "--" {
		c.nameAt++
	}
	if c.nameAt == len(args) {
		return c, nil
	}
	c.name = args[c.nameAt]
	var of flagSet
	switch c.name {
	case "create", "run":
		of = createFlags()
	case "exec":
		of = execFlags()
	default:
		return c, nil
	}
	rest := 0
	if c.flags, rest, err = of.parse(args, c.nameAt+1); err != nil {
		return command{}, fmt.Errorf("%s: %w", c.name, err)
	}
	if rest < len(args) && args[rest] == "--" {
		rest++
	}
	c.operands = args[rest:]
	if len(c.operands) == 0 {
		return command{}, fmt.Errorf("%s: the container ID is missing", c.name)
	}
	if c.name != "exec" && len(c.operands) > 1 {
		return command{}, fmt.Errorf("%s: unexpected argument %q after the container ID", c.name, c.operands[1])
	}
	return c, nil
}

// parse reads flags from the argument at on, up to the first that is none, and
// returns where that stands.
func (k flagSet) parse(args []string, at int) (flags, int, error) {
	var out flags
	for at < len(args) && strings.HasPrefix(args[at], "-") && args[at] != "-" && args[at] != "--" {
		f, err := k.flag(args, at)
		if err != nil {
			return nil, at, err
		}
		if !slices.Contains(k.lists, f.name) && slices.ContainsFunc(out, func(g flag) bool { return g.name == f.name }) {
			return nil, at, fmt.Errorf("--%s is given twice", f.name)
		}
		out = append(out, f)
		if at++; f.apart {
			at++
		}
	}
	return out, at, nil
}

func (k flagSet) flag(args []string, at int) (flag, error) {
	name, value, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(args[at], "-"), "-"), "=")
	f := flag{name: name, value: value, at: at}
	if long, ok := k.short[name]; ok {
		f.name = long
	}
	switch {
	case slices.Contains(k.bare, f.name):
		if !given {
			f.value = "true"
		}
		return f, nil
	case !slices.Contains(k.takes, f.name) && !slices.Contains(k.lists, f.name):
		return flag{}, fmt.Errorf("the flag %s is not known to specguard-runtime, so it cannot judge what would start",
			args[at][:len(args[at])-len(value)])
	case given:
		return f, nil
	case at+1 == len(args):
		return flag{}, fmt.Errorf("%s has no value", args[at])
	default:
		f.value, f.apart = args[at+1], true
		return f, nil
	}
}

// with is the arguments with another value of a flag.
func (c command) with(name, value string) []string {
	out := slices.Clone(c.args)
	for _, f := range c.flags {
		switch {
		case f.name != name:
		case f.apart:
			out[f.at+1] = value
		default:
			out[f.at] = "--" + name + "=" + value
		}
	}
	return out
}
