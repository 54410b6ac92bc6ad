package policy

import (
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// orders wants no annotation that was not there, or that said something else.
func (g *granted) orders() {
	for key, value := range g.after.Annotations {
		before, there := g.before.Annotations[key]
		g.fail(!there || before != value, "annotation %s is new", key)
	}
}

// preference compares what the kernel prefers the process by, and what the host
// gives away.
func (g *granted) preference() {
	b, a := g.before.Process, g.after.Process
	inherited := func(p *specs.Process) int { // the container runtime's may be anything
		if p.OOMScoreAdj == nil {
			return 1000
		}
		return *p.OOMScoreAdj
	}
	g.fail(inherited(a) < inherited(b), "OOM score %v became %v", b.OOMScoreAdj, a.OOMScoreAdj)
	g.fail(a.Scheduler != nil && (b.Scheduler == nil || a.Scheduler.Policy != b.Scheduler.Policy || a.Scheduler.Nice < b.Scheduler.Nice),
		"scheduler %v became %v", b.Scheduler, a.Scheduler)
	// Without a policy a process has the ordinary one.
	g.fail(a.Scheduler == nil && b.Scheduler != nil && slices.Contains([]string{"SCHED_IDLE", "SCHED_BATCH", ""}, string(b.Scheduler.Policy)),
		"scheduler %v was removed", b.Scheduler)
	g.fail(a.Scheduler == nil && b.Scheduler != nil && b.Scheduler.Policy == specs.SchedOther && b.Scheduler.Nice > 0, "nice value was removed")
	g.fail(a.IOPriority != nil && (b.IOPriority == nil || *a.IOPriority != *b.IOPriority), "I/O priority %v became %v", b.IOPriority, a.IOPriority)
	g.fail(a.IOPriority == nil && b.IOPriority != nil && b.IOPriority.Class != specs.IOPRIO_CLASS_RT, "I/O priority %v was removed", b.IOPriority)
	for name := range g.after.Linux.NetDevices {
		_, there := g.before.Linux.NetDevices[name]
		g.fail(!there, "network device %s is new", name)
	}
	was, is := g.before.Linux.RootfsPropagation, g.after.Linux.RootfsPropagation
	g.fail(was != is && !(strings.HasSuffix(was, "shared") && is == "rslave"), "propagation %q became %q", was, is)
}

// withoutNewHome is the environment after, without the HOME at its end that a new
// user has got. It is the policy's, and only in the place of none or of root's.
func (g *granted) withoutNewHome() []string {
	b, a := g.before.Process, g.after.Process
	homes := slices.DeleteFunc(slices.Clone(b.Env), func(e string) bool { return !strings.HasPrefix(e, "HOME=") })
	last := len(a.Env) - 1
	if last < 0 || a.Env[last] != drawnHome || a.User.UID == b.User.UID ||
		len(homes) > 0 && !slices.Contains([]string{"HOME=", "HOME=/root", "HOME=/root/"}, homes[len(homes)-1]) {
		return a.Env
	}
	return a.Env[:last]
}
