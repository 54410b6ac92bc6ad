package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// kinds are the namespaces that CRI-O asks for, by their names in /proc/PID/ns.
// The user namespace comes first: it owns the others.
var kinds = []struct {
	name  string
	clone uintptr
}{
	{"user", unix.CLONE_NEWUSER},
	{"ipc", unix.CLONE_NEWIPC},
	{"net", unix.CLONE_NEWNET},
	{"uts", unix.CLONE_NEWUTS},
}

// A source says where a namespace comes from.
type source int

const (
	none source = iota
	fresh
	host
)

// String is the flag's value.
func (s *source) String() string { return [...]string{"", "true", "host"}[*s] }

// Set reads the flag's value; without one the flag package says true.
func (s *source) Set(value string) error {
	switch value {
	case "true":
		*s = fresh
	case "host":
		*s = host
	default:
		return errors.New(`the only value is "host"`)
	}
	return nil
}

// IsBoolFlag makes the value optional.
func (*source) IsBoolFlag() bool { return true }

// A request is what to pin.
type request struct {
	dir, name  string
	sources    map[string]*source // by kind
	sysctls    []string           // KEY=VALUE
	uids, gids []syscall.SysProcIDMap
}

// parse reads the command line.
func parse(args []string) (request, error) {
	r := request{sources: map[string]*source{}}
	flags := flag.NewFlagSet("pinns", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&r.dir, "d", "", "")
	flags.StringVar(&r.name, "f", "", "")
	flags.Func("s", "", func(sysctl string) error {
		r.sysctls = append(r.sysctls, sysctl)
		return nil
	})
	flags.Func("uid-mapping", "", mapping(&r.uids))
	flags.Func("gid-mapping", "", mapping(&r.gids))
	for _, kind := range kinds {
		r.sources[kind.name] = new(source)
		flags.Var(r.sources[kind.name], kind.name, "")
	}
	if err := flags.Parse(args); err != nil {
		return request{}, err
	}
	return r, r.check(flags.Args())
}

// check finds what is missing or does not go together.
func (r request) check(rest []string) error {
	wanted := false
	for _, s := range r.sources {
		wanted = wanted || *s != none
	}
	newUser, mapped := *r.sources["user"] == fresh, len(r.uids) > 0 && len(r.gids) > 0
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case r.dir == "" || r.name == "":
		return errors.New("-d and -f are required")
	case strings.Contains(r.name, "/"):
		return fmt.Errorf("-f %s: a file name, not a path", r.name)
	case !wanted:
		return errors.New("no namespace to pin")
	case newUser && !mapped:
		return errors.New("--user needs --uid-mapping and --gid-mapping")
	case !newUser && len(r.uids)+len(r.gids) > 0:
		return errors.New("mappings are for --user")
	}
	return nil
}

// mapping reads a list of CONTAINER-HOST-SIZE into ids.
func mapping(ids *[]syscall.SysProcIDMap) func(string) error {
	return func(list string) error {
		for entry := range strings.SplitSeq(strings.TrimSuffix(list, "@"), "@") {
			var m syscall.SysProcIDMap
			if n, err := fmt.Sscanf(entry+"\n", "%d-%d-%d\n", &m.ContainerID, &m.HostID, &m.Size); n != 3 || err != nil {
				return fmt.Errorf("%q is not CONTAINER-HOST-SIZE", entry)
			}
			*ids = append(*ids, m)
		}
		return nil
	}
}
