package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// ids maps the ids of a container from 0 on.
func ids(host, size uint32) []specs.LinuxIDMapping {
	return []specs.LinuxIDMapping{{HostID: host, Size: size}}
}

// idmapped is an emptyDir with mappings.
func idmapped(uids, gids []specs.LinuxIDMapping, options ...string) specs.Mount {
	m := bind("/im", podVolumes+"kubernetes.io~empty-dir/im", append(options, "rbind", "rw")...)
	m.UIDMappings, m.GIDMappings = uids, gids
	return m
}

func TestHostPathsForeignIDs(t *testing.T) {
	const pod = 100_000
	split := []specs.LinuxIDMapping{{ContainerID: 1000, HostID: pod + 1000, Size: 64536}, {HostID: pod, Size: 1000}}
	turned := []specs.LinuxIDMapping{split[1], split[0]}
	for name, tt := range map[string]struct {
		mount   specs.Mount
		userns  bool
		sandbox *Sandbox
		fine    bool
	}{
		"none":                        {mount: idmapped(nil, nil), fine: true},
		"as the kubelet's":            {mount: idmapped(ids(pod, 65536), ids(pod, 65536)), userns: true, fine: true},
		"known to the sandbox":        {mount: idmapped(ids(pod, 65536), ids(pod, 65536)), userns: true, sandbox: &Sandbox{UIDMappings: ids(pod, 65536), GIDMappings: ids(pod, 65536)}, fine: true},
		"the sandbox has others":      {mount: idmapped(ids(pod, 65536), ids(pod, 65536)), userns: true, sandbox: &Sandbox{UIDMappings: ids(7, 65536), GIDMappings: ids(pod, 65536)}},
		"the sandbox has none":        {mount: idmapped(ids(pod, 65536), ids(pod, 65536)), userns: true, sandbox: &Sandbox{}},
		"without a user namespace":    {mount: idmapped(ids(65532, 1), ids(65532, 1))},
		"of the host's root":          {mount: idmapped(ids(0, 65536), ids(pod, 65536)), userns: true},
		"groups of the host's root":   {mount: idmapped(ids(pod, 65536), ids(0, 65536)), userns: true},
		"users alone":                 {mount: idmapped(ids(pod, 65536), nil), userns: true},
		"groups alone":                {mount: idmapped(nil, ids(pod, 65536)), userns: true},
		"of a part":                   {mount: idmapped(ids(pod, 65535), ids(pod, 65536)), userns: true},
		"in parts":                    {mount: idmapped(split, ids(pod, 65536)), userns: true},
		"by an option":                {mount: idmapped(nil, nil, "ridmap"), userns: true, fine: true},
		"mappings in an option":       {mount: idmapped(nil, nil, "idmap=uids=0-65532-1"), userns: true},
		"mappings in the other":       {mount: idmapped(nil, nil, "ridmap=uids=0-65532-1")},
		"of a mount without a source": {mount: specs.Mount{Destination: "/x", Type: "tmpfs", UIDMappings: ids(1, 1), GIDMappings: ids(1, 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			var edits []option
			if tt.userns {
				edits = append(edits, withUserNamespace(pod, pod))
			}
			sub := subject(newSpec(append(edits, withMount(tt.mount))...)).ready()
			sub.Pod.Sandbox = tt.sandbox
			for _, action := range []string{"reject", "adjust"} {
				d := compileDocs(t, policyDoc("test", "hostPaths: {onViolation: "+action+"}")).Evaluate(sub, Complete)
				var want []string
				if !tt.fine {
					want = []string{"hostPaths: " + sub.volumeName(&tt.mount) + " maps user or group ids (allowed: the mappings of the pod's own user namespace)"}
				}
				if got := findings(d); !slices.Equal(got, want) || len(d.Adjustments) > 0 {
					t.Errorf("%s: %q %q, want %q", action, got, changes(d), want)
				}
			}
		})
	}
	if !sameMappings(split, turned) || sameMappings(split, split[:1]) {
		t.Error("the order of mappings counts, or their number does not")
	}
}

// TestHostSysInUserNamespace: what runtimes show a pod of /sys that has hostUsers:
// false and the host's network.
func TestHostSysInUserNamespace(t *testing.T) {
	containerds, crios := []string{"rbind", "rro", "nosuid", "nodev", "noexec"}, []string{"nosuid", "noexec", "nodev", "ro", "rbind"}
	hostNetwork := withoutNamespace(specs.NetworkNamespace)
	for name, tt := range map[string]struct {
		mount specs.Mount
		edits []option
		fine  bool
	}{
		"containerd":            {bind("/sys", "/sys", containerds...), []option{withUserNamespace(100_000, 100_000), hostNetwork}, true},
		"CRI-O":                 {bind("/sys", "/sys", crios...), []option{withUserNamespace(100_000, 100_000), hostNetwork}, true},
		"mappings not shown":    {bind("/sys", "/sys", crios...), []option{withUserNamespace(1, 1), hostNetwork, func(s *specs.Spec) { s.Linux.UIDMappings, s.Linux.GIDMappings = nil, nil }}, true},
		"writable":              {bind("/sys", "/sys", "rbind", "rw"), []option{withUserNamespace(100_000, 100_000), hostNetwork}, false},
		"elsewhere":             {bind("/sys2", "/sys", crios...), []option{withUserNamespace(100_000, 100_000), hostNetwork}, false},
		"a part":                {bind("/sys", "/sys/kernel", crios...), []option{withUserNamespace(100_000, 100_000), hostNetwork}, false},
		"own network":           {bind("/sys", "/sys", crios...), []option{withUserNamespace(100_000, 100_000)}, false},
		"no user namespace":     {bind("/sys", "/sys", crios...), []option{hostNetwork}, false},
		"the host's root":       {bind("/sys", "/sys", crios...), []option{withUserNamespace(0, 100_000), hostNetwork}, false},
		"the host's root group": {bind("/sys", "/sys", crios...), []option{withUserNamespace(100_000, 0), hostNetwork}, false},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec(append(tt.edits, withMount(tt.mount))...))
			sub.Pod.LinuxNamespaces = nil
			d := compileDocs(t, policyDoc("test", "hostPaths: {}")).Evaluate(sub, Complete)
			if (d.Outcome() == Allowed) != tt.fine {
				t.Errorf("%s %s", d.Outcome(), d.Message())
			}
		})
	}
}

func TestRunAsNonRootUnmapped(t *testing.T) {
	const beyond = "runAsNonRoot: {onViolation: adjust, runAsUser: 1000650000"
	why := func(id string) string {
		return "runs as root (uid 0), and the policy's " + id + ", 1000650000, is not mapped in the pod's user namespace (allowed: any uid but 0)"
	}
	for name, tt := range map[string]struct {
		rule  string
		edits []option
		want  string // of the denial; "" for none
	}{
		"user":               {beyond + "}", []option{withUserNamespace(100_000, 100_000)}, why("runAsUser")},
		"group":              {"runAsNonRoot: {onViolation: adjust, runAsGroup: 1000650000}", []option{withUserNamespace(100_000, 100_000)}, why("runAsGroup")},
		"mapped":             {"runAsNonRoot: {onViolation: adjust}", []option{withUserNamespace(100_000, 100_000)}, ""},
		"no user namespace":  {beyond + "}", nil, ""},
		"a user that may be": {beyond + "}", []option{withUserNamespace(100_000, 100_000), withUser(1000, 0)}, ""},
		"a group that stays": {"runAsNonRoot: {onViolation: adjust, runAsGroup: 1000650000, keepRootGroup: true}", []option{withUserNamespace(100_000, 100_000)}, ""},
		"a group that goes, with a user that may be": {
			"runAsNonRoot: {onViolation: adjust, runAsGroup: 1000650000, forbidRootGroup: true}", []option{withUserNamespace(100_000, 100_000), withUser(1000, 0)},
			"gid 0 not allowed, and the policy's runAsGroup, 1000650000, is not mapped in the pod's user namespace",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := decide(t, newSpec(tt.edits...), tt.rule)
			if got := strings.Join(findings(d), "; "); tt.want == "" && got != "" || !strings.Contains(got, tt.want) || tt.want != "" && d.Spec.Process.User.GID != 0 {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	if fix := decide(t, newSpec(withUserNamespace(100_000, 100_000)), beyond+"}").Violations[0].Fix; fix != "" {
		t.Errorf("advises %q, which cannot be", fix)
	}
	groups := decide(t, newSpec(withUserNamespace(100_000, 100_000), withUser(1000, 1000, 0, 7)),
		"runAsNonRoot: {onViolation: adjust, runAsUser: 1000650000, forbidRootGroup: true}")
	if groups.Outcome() != Adjusted || !slices.Equal(groups.Spec.Process.User.AdditionalGids, []uint32{7}) {
		t.Errorf("groups %v: %s", groups.Spec.Process.User.AdditionalGids, groups.Message())
	}
}
