package policy

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestOOMScoreAdj(t *testing.T) {
	at := func(score *int) func(*Subject) {
		return func(s *Subject) { s.Spec.Process.OOMScoreAdj = score }
	}
	testFindings(t, "oomScoreAdj", []ruleCase{
		{"guaranteed", "{}", at(new(-997)), nil},
		{"besteffort", "{}", at(new(1000)), nil},
		{"never killed", "{}", at(new(-1000)), []string{"OOM score -1000 too low (allowed: -997 to 1000)"}},
		{"the sandbox's", "{}", at(new(-998)), []string{"OOM score -998 too low (allowed: -997 to 1000)"}},
		{"none", "{}", at(nil), []string{"no OOM score: the container gets the container runtime's (allowed: -997 to 1000)"}},
		{"higher minimum", "{min: 2}", at(new(1)), []string{"OOM score 1 too low (allowed: 2 to 1000)"}},
		{"lower minimum", "{min: -1000}", at(new(-1000)), nil},
		{"no process", "{}", func(s *Subject) { s.Spec.Process = nil }, nil},
	}, Complete)
	for before, want := range map[*int]int{new(-1000): -997, nil: 1000} {
		change := map[int]string{-997: "oomScoreAdj: set OOM score -997", 1000: "oomScoreAdj: set OOM score 1000"}[want]
		if d := testAdjusted(t, "oomScoreAdj: {onViolation: adjust}", at(before), change); *d.Spec.Process.OOMScoreAdj != want {
			t.Errorf("%d, want %d", *d.Spec.Process.OOMScoreAdj, want)
		}
	}
	testLoad(t, "oomScoreAdj", map[string]string{
		"{min: -1001}": `0.yaml:6:24: spec.rules.oomScoreAdj.min: "-1001" is not an OOM score (allowed: a whole number from -1000 to 1000)`,
		"{min: +1}":    `0.yaml:6:24: spec.rules.oomScoreAdj.min: "+1" is not an OOM score (allowed: a whole number from -1000 to 1000)`,
	})
}

func TestScheduler(t *testing.T) {
	by := func(policy specs.LinuxSchedulerPolicy, nice int32) func(*Subject) {
		return func(s *Subject) { s.Spec.Process.Scheduler = &specs.Scheduler{Policy: policy, Nice: nice} }
	}
	io := func(class specs.IOPriorityClass) func(*Subject) {
		return func(s *Subject) { s.Spec.Process.IOPriority = &specs.LinuxIOPriority{Class: class} }
	}
	const ordinary = " (allowed: SCHED_OTHER, SCHED_BATCH, SCHED_IDLE)"
	testFindings(t, "scheduler", []ruleCase{
		{"ordinary", "{}", by(specs.SchedOther, 0), nil},
		{"idle", "{}", by(specs.SchedIdle, 19), nil},
		{"real-time", "{}", by(specs.SchedFIFO, 0), []string{"scheduler SCHED_FIFO not allowed" + ordinary}},
		{"deadline", "{}", by(specs.SchedDeadline, 0), []string{"scheduler SCHED_DEADLINE not allowed" + ordinary}},
		{"unknown", "{}", by("", 0), []string{"scheduler (none) not allowed" + ordinary}},
		{"nice", "{}", by(specs.SchedOther, -5), []string{"nice value -5 too low (allowed: at least 0)"}},
		{"real-time allowed", "{allowedPolicies: [SCHED_RR]}", by(specs.SchedRR, 0), nil},
		{"not idle", "{onViolation: adjust, allowedPolicies: [SCHED_OTHER]}", by(specs.SchedIdle, 0), []string{"scheduler SCHED_IDLE not allowed (allowed: SCHED_OTHER)"}},
		{"I/O", "{}", io(specs.IOPRIO_CLASS_BE), nil},
		{"I/O, real-time", "{}", io(specs.IOPRIO_CLASS_RT), []string{"I/O priority IOPRIO_CLASS_RT not allowed (allowed: IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE)"}},
		{"no process", "{}", func(s *Subject) { s.Spec.Process = nil }, nil},
	}, Complete)
	testAdjusted(t, "scheduler: {onViolation: adjust}", by(specs.SchedFIFO, -3), "scheduler: removed scheduler SCHED_FIFO")
	testAdjusted(t, "scheduler: {onViolation: adjust}", by(specs.SchedBatch, -3), "scheduler: raised nice value from -3 to 0")
	testAdjusted(t, "scheduler: {onViolation: adjust}", io(specs.IOPRIO_CLASS_RT), "scheduler: removed I/O priority IOPRIO_CLASS_RT")
	testLoad(t, "scheduler", map[string]string{
		"{minNice: -21}":         `0.yaml:6:26: spec.rules.scheduler.minNice: "-21" is not a nice value (allowed: a whole number from -20 to 19)`,
		"{allowedPolicies: []}":  "0.yaml:6:34: spec.rules.scheduler.allowedPolicies: is an empty list; name at least one policy",
		"{allowedIOClasses: []}": "0.yaml:6:35: spec.rules.scheduler.allowedIOClasses: is an empty list; name at least one class",
	})
}

func TestNetDevices(t *testing.T) {
	has := func(names ...string) func(*Subject) {
		return func(s *Subject) {
			s.Spec.Linux.NetDevices = make(map[string]specs.LinuxNetDevice)
			for _, n := range names {
				s.Spec.Linux.NetDevices[n] = specs.LinuxNetDevice{}
			}
		}
	}
	testFindings(t, "netDevices", []ruleCase{
		{"none", "{}", has(), nil},
		{"some", "{}", has("eth0", "ib0"), []string{"network devices eth0, ib0 not allowed (allowed: none)"}},
		{"allowed", `{allowed: ["ib*"]}`, has("eth0", "ib0"), []string{"network devices eth0 not allowed (allowed: ib*)"}},
		{"no linux part", "{}", func(s *Subject) { s.Spec.Linux = nil }, nil},
	}, Complete)
	d := testAdjusted(t, `netDevices: {onViolation: adjust, allowed: ["ib*"]}`, has("eth0", "ib0"), "netDevices: removed network device eth0")
	if len(d.Spec.Linux.NetDevices) != 1 {
		t.Errorf("%v", d.Spec.Linux.NetDevices)
	}
}

func TestRootfsPropagation(t *testing.T) {
	is := func(word string) func(*Subject) {
		return func(s *Subject) { s.Spec.Linux.RootfsPropagation = word }
	}
	testFindings(t, "rootfsPropagation", []ruleCase{
		{"none", "{}", is(""), nil},
		{"slave", "{}", is("rslave"), nil},
		{"shared", "{}", is("rshared"), []string{"root filesystem with propagation rshared not allowed (allowed: private, slave)"}},
		{"shared for a mount", "{}", func(s *Subject) {
			is("rshared")(s)
			s.Spec.Mounts = append(s.Spec.Mounts, bind("/csi", "/srv", "rbind", "rshared"))
		}, nil},
		{"unknown", "{onViolation: adjust}", is("sharp"), []string{"root filesystem with unknown propagation sharp (allowed: private, slave)"}},
	}, Complete)
	testAdjusted(t, "rootfsPropagation: {onViolation: adjust}", is("shared"), "rootfsPropagation: set propagation rslave of the root filesystem")
}

func TestIntelRdt(t *testing.T) {
	is := func(rdt *specs.LinuxIntelRdt) func(*Subject) {
		return func(s *Subject) { s.Spec.Linux.IntelRdt = rdt }
	}
	schema := []string{"an RDT schema in the spec (allowed: a class that the operator made)"}
	testFindings(t, "intelRdt", []ruleCase{
		{"a class elsewhere", "{}", func(s *Subject) { s.Spec.Linux.IntelRdt = &specs.LinuxIntelRdt{ClosID: "../x"} },
			[]string{`RDT class "../x" is not a valid class name (allowed: a class that the operator made)`}},
		{"none", "{}", is(nil), nil},
		{"class", "{}", is(&specs.LinuxIntelRdt{ClosID: "gold"}), nil},
		{"class not allowed", `{allowed: ["b*"]}`, is(&specs.LinuxIntelRdt{ClosID: "gold"}), []string{"RDT class gold not allowed (allowed: b*)"}},
		{"none is allowed", `{allowed: []}`, is(&specs.LinuxIntelRdt{ClosID: "gold"}), []string{"RDT class gold not allowed (allowed: none)"}},
		{"schemata", "{}", is(&specs.LinuxIntelRdt{ClosID: "gold", Schemata: []string{"L3:0=f"}}), schema},
		{"cache", "{}", is(&specs.LinuxIntelRdt{L3CacheSchema: "L3:0=f"}), schema},
		{"memory", "{}", is(&specs.LinuxIntelRdt{MemBwSchema: "MB:0=9"}), schema},
		{"no linux part", "{}", func(s *Subject) { s.Spec.Linux = nil }, nil},
	}, Complete)
}
