package policy

import (
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

func drawTokens(t *rapid.T, _ Action) []string {
	return some(t, "field", "volumes: "+pick(t, "volumes", `["*"]`, "[vault-*, a]"))
}

func drawAnnotations(t *rapid.T, _ Action) []string {
	return some(t, "field", "allowed: "+flow(some(t, "allowed", "run.oci.*", "io.katacontainers.*", "org.systemd.property.TimeoutStopUSec")...))
}

// drawObeyed draws annotations, some of which OCI runtimes take orders from.
func drawObeyed(t *rapid.T, whose string) map[string]string {
	var out map[string]string
	for _, key := range some(t, whose+" annotation", "run.oci.handler", "io.katacontainers.config.hypervisor.path", "org.systemd.property.After",
		"org.systemd.property.TimeoutStopUSec", "dev.gvisor.spec.mount.a.type", "bundle", "kubernetes.io/created-by") {
		if out == nil {
			out = make(map[string]string)
		}
		out[key] = pick(t, "annotation", "", "x", "['crio.service']", "uint64 30000000")
	}
	return out
}

func drawOOMScoreAdj(t *rapid.T, _ Action) []string {
	return some(t, "field", "min: "+pick(t, "min", "-1000", "-998", "0", "2", "1000"))
}

func drawScheduler(t *rapid.T, _ Action) []string {
	return some(t, "field",
		"allowedPolicies: "+pick(t, "policies", "[SCHED_OTHER]", "[SCHED_OTHER, SCHED_FIFO]", "[SCHED_IDLE]"),
		"minNice: "+pick(t, "nice", "-20", "0", "5"),
		"allowedIOClasses: "+pick(t, "classes", "[IOPRIO_CLASS_BE]", "[IOPRIO_CLASS_RT, IOPRIO_CLASS_IDLE]"))
}

func drawNetDevices(t *rapid.T, _ Action) []string {
	return some(t, "field", "allowed: "+flow(some(t, "allowed", `"eth*"`, "wlan0")...))
}

func drawIntelRdt(t *rapid.T, _ Action) []string {
	return some(t, "field", "allowed: "+flow(some(t, "allowed", `"web-*"`, "batch")...))
}

func drawCgroupsPath(t *rapid.T, _ Action) []string {
	return some(t, "field", "cgroupDriver: "+pick(t, "driver", "systemd", "cgroupfs"), "roots: "+pick(t, "roots", "[/]", "[/kubelet, /]"), "allowed: "+flow(some(t, "allowed", "/k8s.io", "/system.slice")...))
}

// drawPrioritiesEdit draws what prefers a container to others.
func drawPrioritiesEdit(t *rapid.T) option {
	return func(s *specs.Spec) {
		p, l := s.Process, s.Linux
		p.OOMScoreAdj = pick(t, "OOM score", nil, new(-1000), new(-998), new(-997), new(0), new(1000))
		p.Scheduler = pick(t, "scheduler", nil, &specs.Scheduler{
			Policy: pick(t, "policy", specs.SchedOther, specs.SchedFIFO, specs.SchedIdle, specs.SchedDeadline, ""),
			Nice:   pick[int32](t, "nice", 0, -20, 10), Priority: 3,
		})
		p.IOPriority = pick(t, "I/O priority", nil, &specs.LinuxIOPriority{
			Class: pick(t, "class", specs.IOPRIO_CLASS_RT, specs.IOPRIO_CLASS_BE, specs.IOPRIO_CLASS_IDLE, ""), Priority: 2,
		})
		l.NetDevices = pick(t, "network devices", nil, map[string]specs.LinuxNetDevice{"eth0": {}, "ib0": {Name: "x"}})
		l.IntelRdt = pick(t, "RDT", nil, &specs.LinuxIntelRdt{ClosID: pick(t, "class", "", "web-1", "x"), Schemata: some(t, "schemata", "L3:0=1")})
	}
}

// drawnHome is the HOME that rules runAsNonRoot set.
const drawnHome = "HOME=/home/policy"

func drawRunAs(t *rapid.T, action Action) []string {
	fields := some(t, "field",
		"runAsGroup: "+pick(t, "group", "1000", "65532"),
		"allowedGroups: "+pick(t, "groups", "[{min: 0, max: 70000}]", "[{min: 1000, max: 65532}, {min: 0, max: 0}]"),
		"allowedSupplementalGroups: "+pick(t, "supplemental", "[{min: 0, max: 5}]", "[{min: 7, max: 2000}]"),
		"allowUserNamespaceRoot: true")
	if rapid.Bool().Draw(t, "by namespace") {
		fields = append(fields, "namespaceUsers: "+pick(t, "namespaces",
			"[{namespaces: [team-b], min: 5, max: 9}, {namespaces: ['team-*'], min: 1000, max: 1999}]", "[{namespaces: [team-b], min: 5, max: 9}]"))
	} else {
		fields = append(fields, some(t, "users", "runAsUser: "+pick(t, "user", "1000", "65532"),
			"allowedUsers: "+pick(t, "users", "[{min: 1000, max: 70000}]", "[{min: 1, max: 9}, {min: 1000, max: 65532}]"))...)
	}
	root := []string{"forbidRootGroup: true"}
	if action == Adjust {
		fields = append(fields, some(t, "adjusting", "adjustOnlyRoot: true", "home: "+strings.TrimPrefix(drawnHome, "HOME="))...)
		root = append(root, "keepRootGroup: true")
	}
	return append(fields, some(t, "root's group", pick(t, "forbidden or kept", root...))...)
}
