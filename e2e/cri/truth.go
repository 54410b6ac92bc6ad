package cri

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/sys/capability"
)

// Truth is what the kernel says about a process inside a container.
type Truth struct {
	UID, GID int // effective
	Groups   []int

	Inheritable, Permitted, Effective, Bounding, Ambient Caps

	NoNewPrivs bool
	Seccomp    int // 0 off, 1 strict, 2 filter

	// RootWritable is whether the process could make a file in /. For a user
	// other than root that fails on a writable filesystem too; see RootReadOnly.
	RootWritable bool
	TmpWritable  bool // the same for /tmp
	Mounts       []MountInfo
}

// MountInfo is a line of /proc/self/mounts.
type MountInfo struct {
	Source, Target, Type string
	Options              []string
}

// Caps is a set of capabilities.
type Caps uint64

// CapsOf returns the set of the named capabilities, without CAP_. An unknown
// name is not in the set.
func CapsOf(names ...string) Caps {
	var caps Caps
	for _, known := range capability.ListKnown() {
		for _, name := range names {
			if strings.EqualFold(known.String(), name) {
				caps |= 1 << known
			}
		}
	}
	return caps
}

// String lists the set's names in the kernel's order.
func (c Caps) String() string {
	names := make([]string, 0, bits.OnesCount64(uint64(c)))
	for _, known := range capability.ListKnown() {
		if c&(1<<known) != 0 {
			names = append(names, strings.ToUpper(known.String()))
		}
	}
	return strings.Join(names, ",")
}

// Probe is a shell command that prints what [ParseTruth] reads: first the shell's
// own status (not that of a child), then attempts to write to / and /tmp, then
// the mounts.
const (
	Probe = "cat /proc/$$/status; " +
		"if (: >/.probe) 2>/dev/null; then rm /.probe; echo Root:writable; else echo Root:readonly; fi; " +
		"if (: >/tmp/.probe) 2>/dev/null; then rm /tmp/.probe; echo Tmp:writable; else echo Tmp:readonly; fi; " +
		"cat /proc/$$/mounts; echo " + probeEnd
	probeEnd = "Probe:end"
)

// TellTruth is a command for a container's main process: it prints the truth
// to the log and exits, or goes on with a further shell command.
func TellTruth(then ...string) []string {
	return []string{"/bin/sh", "-c", strings.Join(append([]string{Probe}, then...), "; ")}
}

// Truth waits until the main process, started with [TellTruth], has told all.
func (r *Running) Truth(ctx context.Context) (Truth, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout())
	defer cancel()
	for {
		log, _ := r.Logs() // not there before the first line
		if strings.Contains(log, probeEnd) {
			return ParseTruth(log)
		}
		if err := pause(ctx, exitPoll); err != nil {
			return Truth{}, fmt.Errorf("truth of the main process: %w: log so far: %q", err, log)
		}
	}
}

// ExecTruth is the truth of a process that is executed in the container.
func (r *Running) ExecTruth(ctx context.Context) (Truth, error) {
	out, err := r.Exec(ctx, "/bin/sh", "-c", Probe)
	if err != nil {
		return Truth{}, err
	}
	return ParseTruth(out)
}

// StreamTruth is the same by way of [Running.StreamExec].
func (r *Running) StreamTruth(ctx context.Context) (Truth, error) {
	out, err := r.StreamExec(ctx, "/bin/sh", "-c", Probe)
	if err != nil {
		return Truth{}, err
	}
	return ParseTruth(out)
}

// ParseTruth reads what [Probe] prints.
func ParseTruth(out string) (Truth, error) {
	var t Truth
	var errs []error
	number := func(s string, base int) uint64 {
		n, err := strconv.ParseUint(s, base, 64)
		errs = append(errs, err)
		return n
	}
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		key, value, isStatus := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if isStatus && !strings.Contains(key, " ") {
			switch {
			case key == "Uid" && len(fields) == 4:
				t.UID = int(number(fields[1], 10))
			case key == "Gid" && len(fields) == 4:
				t.GID = int(number(fields[1], 10))
			case key == "Groups":
				for _, group := range fields {
					t.Groups = append(t.Groups, int(number(group, 10)))
				}
			case len(fields) != 1:
			case key == "CapInh":
				t.Inheritable = Caps(number(fields[0], 16))
			case key == "CapPrm":
				t.Permitted = Caps(number(fields[0], 16))
			case key == "CapEff":
				t.Effective = Caps(number(fields[0], 16))
			case key == "CapBnd":
				t.Bounding = Caps(number(fields[0], 16))
			case key == "CapAmb":
				t.Ambient = Caps(number(fields[0], 16))
			case key == "NoNewPrivs":
				t.NoNewPrivs = fields[0] == "1"
			case key == "Seccomp":
				t.Seccomp = int(number(fields[0], 10))
			case key == "Root":
				t.RootWritable = fields[0] == "writable"
			case key == "Tmp":
				t.TmpWritable = fields[0] == "writable"
			}
			continue
		}
		if fields := strings.Fields(line); len(fields) == 6 && strings.HasPrefix(fields[1], "/") {
			t.Mounts = append(t.Mounts, MountInfo{
				Source: fields[0], Target: fields[1], Type: fields[2], Options: strings.Split(fields[3], ","),
			})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Truth{}, fmt.Errorf("parse the truth: %w", err)
	}
	if len(t.Mounts) == 0 || !strings.Contains(out, probeEnd) {
		return Truth{}, fmt.Errorf("parse the truth: it is not whole: %q", out)
	}
	return t, nil
}

// MountAt returns the last mount at a path: the one that counts.
func (t Truth) MountAt(path string) (MountInfo, bool) {
	for i := len(t.Mounts) - 1; i >= 0; i-- {
		if t.Mounts[i].Target == path {
			return t.Mounts[i], true
		}
	}
	return MountInfo{}, false
}

// RootReadOnly is whether the root filesystem is mounted read-only.
func (t Truth) RootReadOnly() bool {
	root, _ := t.MountAt("/")
	return slices.Contains(root.Options, "ro")
}
