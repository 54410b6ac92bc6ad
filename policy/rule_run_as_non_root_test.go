package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// withUserNamespace gives the container a user namespace whose 0 is that user
// and group of the host.
func withUserNamespace(uid, gid uint32) option {
	return func(s *specs.Spec) {
		s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace})
		s.Linux.UIDMappings = []specs.LinuxIDMapping{{HostID: uid, Size: 65536}}
		s.Linux.GIDMappings = []specs.LinuxIDMapping{{HostID: gid, Size: 65536}}
	}
}

func TestRunAsNonRootCheck(t *testing.T) {
	tests := []struct {
		name string
		rule string
		opts []option
		want []string
	}{
		{"root", ``, []option{withUser(0, 0)}, []string{"runs as root (uid 0) (allowed: any uid but 0)"}},
		{"an id that leaves root's", ``, []option{withUser(4294967295, 1)}, []string{"runs as root (uid 4294967295) (allowed: any uid but 0)"}},
		{"an id that leaves root's, in range", `allowedUsers: [{min: 1, max: 4294967295}]`, []option{withUser(4294967295, 1)}, []string{"runs as root (uid 4294967295) (allowed: 1-4294967295)"}},
		{"a group that leaves root's", `forbidRootGroup: true`, []option{withUser(1, 4294967295)}, []string{"gid 4294967295 not allowed (allowed: any gid but 0)"}},
		{"a group that leaves root's, in range", `allowedGroups: [{min: 5, max: 4294967295}]`, []option{withUser(1, 4294967295)}, []string{"gid 4294967295 not allowed (allowed: 5-4294967295)"}},
		{"an id that leaves a user namespace's root", `allowUserNamespaceRoot: true`, []option{withUser(4294967295, 1), withUserNamespace(100000, 100000)}, nil},
		{"not root", ``, []option{withUser(1000, 0, 0)}, nil},
		{"user in range", `allowedUsers: [{min: 1, max: 9}, {min: 1000, max: 1000}]`, []option{withUser(1000, 0)}, nil},
		{"user out of range", `allowedUsers: [{min: 1, max: 9}, {min: 1000, max: 1000}]`, []option{withUser(10, 0)}, []string{"uid 10 not allowed (allowed: 1-9, 1000)"}},
		{"root, with ranges", `allowedUsers: [{min: 1, max: 9}]`, []option{withUser(0, 0)}, []string{"runs as root (uid 0) (allowed: 1-9)"}},
		{"group out of range", `allowedGroups: [{min: 5, max: 9}]`, []option{withUser(1, 4)}, []string{"gid 4 not allowed (allowed: 5-9)"}},
		{"root's group", `forbidRootGroup: true`, []option{withUser(1, 0)}, []string{"gid 0 not allowed (allowed: any gid but 0)"}},
		{"root's group, in range", `forbidRootGroup: true, allowedGroups: [{min: 0, max: 9}]`, []option{withUser(1, 0)}, []string{"gid 0 not allowed (allowed: 0-9 but not 0)"}},
		{"additional groups out of range", `allowedSupplementalGroups: [{min: 5, max: 9}]`, []option{withUser(1, 1, 4, 5, 10)}, []string{"additional groups 4, 10 not allowed (allowed: 5-9)"}},
		{"root's group as additional", `forbidRootGroup: true`, []option{withUser(1, 1, 0, 1)}, []string{"additional groups 0 not allowed (allowed: any gid but 0)"}},
		{"no process", ``, []option{func(s *specs.Spec) { s.Process = nil }}, []string{"no user is given (allowed: any uid but 0)"}},

		{"root of a user namespace, not allowed", ``, []option{withUser(0, 0), withUserNamespace(100000, 100000)}, []string{"runs as root (uid 0) (allowed: any uid but 0)"}},
		{"root of a user namespace", `allowUserNamespaceRoot: true, forbidRootGroup: true, allowedUsers: [{min: 5, max: 9}]`, []option{withUser(0, 0, 0), withUserNamespace(100000, 100000)}, nil},
		{"root of a user namespace that is the host's", `allowUserNamespaceRoot: true`, []option{withUser(0, 0), withUserNamespace(0, 100000)}, []string{"runs as root (uid 0) (allowed: any uid but 0)"}},
		{"root of a user namespace whose group is the host's", `allowUserNamespaceRoot: true`, []option{withUser(0, 0), withUserNamespace(100000, 0)}, []string{"runs as root (uid 0) (allowed: any uid but 0)"}},
		{"another id of the namespace is the host's root", `allowUserNamespaceRoot: true`, []option{withUser(0, 0), withUserNamespace(100000, 100000), func(s *specs.Spec) {
			s.Linux.UIDMappings = append(s.Linux.UIDMappings, specs.LinuxIDMapping{ContainerID: 70000, Size: 1})
		}}, []string{"runs as root (uid 0) (allowed: any uid but 0)"}},
		{"a user that is the host's root", ``, []option{withUser(5, 5), mappedTo(0, 1)}, []string{"uid 5 is the host's root in the pod's user namespace (allowed: any uid but 0)"}},
		{"a user that is not the host's root", ``, []option{withUser(4, 4), mappedTo(1, 10)}, nil},
		{"a group that is the host's root's", `forbidRootGroup: true`, []option{withUser(4, 5, 5), mappedTo(0, 1), withUserMapping(4, 100000)},
			[]string{"gid 5 not allowed (allowed: any gid but 0)", "additional groups 5 not allowed (allowed: any gid but 0)"}},
		{"mappings without a namespace", `allowUserNamespaceRoot: true`, []option{withUser(0, 0), withUserNamespace(100000, 100000), withoutNamespace(specs.UserNamespace)}, []string{"runs as root (uid 0) (allowed: any uid but 0)"}},
		{"no mappings", `allowUserNamespaceRoot: true`, []option{withUser(0, 0), withUserNamespace(1, 1), func(s *specs.Spec) { s.Linux.UIDMappings = nil }}, []string{"runs as root (uid 0) (allowed: any uid but 0)"}},
		{"user of the namespace's range", `namespaceUsers: [{namespaces: ["team-*"], min: 1000, max: 1999}]`, []option{withUser(1999, 0)}, nil},
		{"user out of the namespace's range", `namespaceUsers: [{namespaces: [team-b], min: 1, max: 9999}, {namespaces: ["team-*"], min: 1000, max: 1999}, {namespaces: ["*"], min: 1, max: 9999}]`,
			[]option{withUser(2000, 0)}, []string{"uid 2000 not allowed (allowed: 1000-1999)"}},
		{"root, with the namespace's range", `namespaceUsers: [{namespaces: ["team-*"], min: 1000, max: 1999}]`, []option{withUser(0, 0)}, []string{"runs as root (uid 0) (allowed: 1000-1999)"}},
		{"no range for the namespace", `namespaceUsers: [{namespaces: [team-b, "x-*"], min: 1000, max: 1999}]`, []option{withUser(1000, 0)},
			[]string{`namespace "team-a" has no range of users in namespaceUsers (allowed: team-b, x-*)`}},
		{"no range for the namespace, and no process", `namespaceUsers: [{namespaces: [team-b], min: 1000, max: 1999}]`, []option{func(s *specs.Spec) { s.Process = nil }},
			[]string{`namespace "team-a" has no range of users in namespaceUsers (allowed: team-b)`}},
		{"root of a user namespace, no range", `allowUserNamespaceRoot: true, namespaceUsers: [{namespaces: [team-b], min: 1000, max: 1999}]`,
			[]option{withUser(0, 0), withUserNamespace(100000, 100000)}, nil},
		{"no linux", `allowUserNamespaceRoot: true`, []option{withUser(0, 0), func(s *specs.Spec) { s.Linux = nil }}, []string{"runs as root (uid 0) (allowed: any uid but 0)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.want {
				tt.want[i] = "runAsNonRoot: " + tt.want[i]
			}
			if got := findings(decide(t, newSpec(tt.opts...), `runAsNonRoot: {`+tt.rule+`}`)); !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRunAsNonRootAdjust(t *testing.T) {
	user := func(uid, gid uint32, additional ...uint32) specs.User {
		return specs.User{UID: uid, GID: gid, AdditionalGids: additional}
	}
	tests := []struct {
		name       string
		rule       string
		from, want specs.User
		changes    []string
	}{
		{"root", ``, user(0, 0, 0, 10), user(65532, 65532, 10), []string{"changed uid 0 to 65532", "changed gid 0 to 65532", "dropped additional groups 0"}},
		{"ids that leave root's", ``, user(4294967295, 4294967295, 4294967295, 10), user(65532, 65532, 10), []string{"changed uid 4294967295 to 65532", "changed gid 4294967295 to 65532", "dropped additional groups 4294967295"}},
		{"root with a group of its own", `, runAsUser: 1000, runAsGroup: 2000`, user(0, 5), user(1000, 5), []string{"changed uid 0 to 1000"}},
		{"user out of range keeps group 0", `, runAsUser: 7, allowedUsers: [{min: 5, max: 9}]`, user(4, 0, 0), user(7, 0, 0), []string{"changed uid 4 to 7"}},
		{"group out of range", `, runAsGroup: 7, allowedGroups: [{min: 5, max: 9}]`, user(4, 4), user(4, 7), []string{"changed gid 4 to 7"}},
		{"root's group", `, forbidRootGroup: true`, user(4, 0, 0, 1), user(4, 65532, 1), []string{"changed gid 0 to 65532", "dropped additional groups 0"}},
		{"group 0 is kept", `, keepRootGroup: true`, user(0, 0, 0, 10), user(65532, 0, 0, 10), []string{"changed uid 0 to 65532"}},
		{"an id that leaves root's group is not kept", `, keepRootGroup: true`, user(0, 4294967295, 4294967295), user(65532, 65532),
			[]string{"changed uid 0 to 65532", "changed gid 4294967295 to 65532", "dropped additional groups 4294967295"}},
		{"only root", `, adjustOnlyRoot: true, allowedUsers: [{min: 1000, max: 70000}]`, user(0, 0, 0), user(65532, 65532), []string{"changed uid 0 to 65532", "changed gid 0 to 65532", "dropped additional groups 0"}},
		{"only root's group", `, adjustOnlyRoot: true, forbidRootGroup: true`, user(7, 0, 0, 7), user(7, 65532, 7), []string{"changed gid 0 to 65532", "dropped additional groups 0"}},
		{"the namespace's first id", `, namespaceUsers: [{namespaces: [team-b], min: 5, max: 9}, {namespaces: ["team-*"], min: 7000, max: 7999}]`, user(0, 0), user(7000, 65532),
			[]string{"changed uid 0 to 7000", "changed gid 0 to 65532"}},
		{"additional groups", `, allowedSupplementalGroups: [{min: 5, max: 9}]`, user(4, 4, 4, 5, 6), user(4, 4, 5, 6), []string{"dropped additional groups 4"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := newSpec(withUser(tt.from.UID, tt.from.GID, tt.from.AdditionalGids...))
			d := decide(t, spec, `runAsNonRoot: {onViolation: adjust`+tt.rule+`}`)
			if d.Outcome() != Adjusted {
				t.Fatalf("outcome %s: %v", d.Outcome(), findings(d))
			}
			got := d.Spec.Process.User
			if got.UID != tt.want.UID || got.GID != tt.want.GID || !slices.Equal(got.AdditionalGids, tt.want.AdditionalGids) {
				t.Errorf("user is %+v, want %+v", got, tt.want)
			}
			for i := range tt.changes {
				tt.changes[i] = "runAsNonRoot: " + tt.changes[i]
			}
			if got := changes(d); !slices.Equal(got, tt.changes) {
				t.Errorf("changes %q, want %q", got, tt.changes)
			}
		})
	}
	if d := decide(t, &specs.Spec{}, `runAsNonRoot: {onViolation: adjust}`); d.Outcome() != Denied {
		t.Errorf("a spec without a process: outcome %s", d.Outcome())
	}
}

// TestRunAsNonRootDenies has what adjusting leaves, and denies.
func TestRunAsNonRootDenies(t *testing.T) {
	for name, tt := range map[string]struct {
		rule     string
		uid, gid uint32
		want     []string
	}{
		"another user": {`adjustOnlyRoot: true, runAsUser: 7, allowedUsers: [{min: 5, max: 9}]`, 10, 10,
			[]string{"uid 10 not allowed (allowed: 5-9)"}},
		"another group": {`adjustOnlyRoot: true, runAsGroup: 7, allowedGroups: [{min: 5, max: 9}]`, 0, 10,
			[]string{"gid 10 not allowed (allowed: 5-9)"}},
		"no range": {`namespaceUsers: [{namespaces: [team-b], min: 5, max: 9}]`, 0, 0,
			[]string{`namespace "team-a" has no range of users in namespaceUsers (allowed: team-b)`}},
	} {
		d := decide(t, newSpec(withUser(tt.uid, tt.gid)), `runAsNonRoot: {onViolation: adjust, `+tt.rule+`}`)
		for i := range tt.want {
			tt.want[i] = "runAsNonRoot: " + tt.want[i]
		}
		if got := findings(d); d.Outcome() != Denied || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %s %q, want %q", name, d.Outcome(), got, tt.want)
		}
	}
}

// TestRunAsNonRootUnknownNamespace: a pattern for all namespaces is none for one that
// is not known.
func TestRunAsNonRootUnknownNamespace(t *testing.T) {
	sub := subject(newSpec(withUser(1000, 0)))
	sub.Pod.Namespace, sub.Pod.Unseen = "", true
	set := compileDocs(t, policyDoc("test", `runAsNonRoot: {namespaceUsers: [{namespaces: ["**"], min: 1000, max: 1999}]}`))
	want := []string{`runAsNonRoot: namespace "" has no range of users in namespaceUsers (allowed: **)`}
	if got := findings(set.Evaluate(sub, Complete)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRunAsNonRootHome(t *testing.T) {
	const rule = `runAsNonRoot: {onViolation: adjust, home: /tmp, allowedUsers: [{min: 1000, max: 70000}]}`
	for name, tt := range map[string]struct {
		uid       uint32
		env, want []string
	}{
		"missing":            {0, nil, []string{"HOME=/tmp"}},
		"empty":              {0, []string{"HOME=", "A=b"}, []string{"A=b", "HOME=/tmp"}},
		"root's":             {0, []string{"HOME=/root", "A=b"}, []string{"A=b", "HOME=/tmp"}},
		"root's, with slash": {0, []string{"HOME=/root/"}, []string{"HOME=/tmp"}},
		"another":            {0, []string{"HOME=/srv"}, []string{"HOME=/srv"}},
		"the last counts":    {0, []string{"HOME=/srv", "HOME=/root"}, []string{"HOME=/tmp"}},
		"the last is kept":   {0, []string{"HOME=/root", "HOME=/srv"}, []string{"HOME=/root", "HOME=/srv"}},
		"another name":       {0, []string{"HOMEPAGE=x", "HOME"}, []string{"HOMEPAGE=x", "HOME", "HOME=/tmp"}},
		"user out of range":  {7, nil, []string{"HOME=/tmp"}},
		"user who stays":     {1000, []string{"HOME=/root"}, []string{"HOME=/root"}},
	} {
		spec := newSpec(withUser(tt.uid, 1000))
		spec.Process.Env = tt.env
		d := decide(t, spec, rule)
		if got := d.Spec.Process.Env; d.Outcome() == Denied || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %s %q, want %q", name, d.Outcome(), got, tt.want)
		}
		moved := slices.Contains(changes(d), "runAsNonRoot: set HOME")
		if moved != slices.Contains(tt.want, "HOME=/tmp") || strings.Contains(strings.Join(changes(d), " "), "/root") {
			t.Errorf("%s: changes %q", name, changes(d))
		}
	}
	spec := newSpec(withUser(0, 0))
	spec.Process.Env = []string{"HOME=/root"}
	if got := decide(t, spec, `runAsNonRoot: {onViolation: adjust}`).Spec.Process.Env; !slices.Equal(got, spec.Process.Env) {
		t.Errorf("without home: %q", got)
	}
}

func TestRunAsNonRootLoad(t *testing.T) {
	for rule, want := range map[string]string{
		`runAsUser: 0`:                                           "runAsUser: must not be 0",
		`runAsGroup: 0`:                                          "runAsGroup: must not be 0",
		`runAsUser: -1`:                                          "whole number",
		`allowedUsers: [{min: 0, max: 5}]`:                       "allowedUsers: must not include 0",
		`allowedUsers: [{max: 5}]`:                               "allowedUsers: must not include 0",
		`allowedUsers: []`:                                       "allowedUsers: is an empty list; leave it out to allow any",
		`allowedGroups: []`:                                      "allowedGroups: is an empty list; leave it out to allow any",
		`allowedSupplementalGroups: []`:                          "allowedSupplementalGroups: is an empty list; leave it out to allow any",
		`allowedGroups: [{min: 9, max: 5}]`:                      "allowedGroups[0].max: 5 is below min, 9",
		`runAsUser: 4, allowedUsers: [{min: 5, max: 9}]`:         "runAsUser: 4 is not in the allowed ranges (allowed: 5-9)",
		`onViolation: adjust, allowedGroups: [{min: 5, max: 9}]`: "runAsGroup: 65532 is not in the allowed ranges (allowed: 5-9)",
		`allowedGroups: [{min: 0, max: 9}], runAsGroup: 9`:       "",
		`namespaceUsers: []`:                                     "namespaceUsers: is an empty list; leave it out to allow any",
		`runAsUser: 5, namespaceUsers: [{namespaces: [a], min: 5, max: 9}]`:                     "namespaceUsers: contradicts runAsUser: adjusting sets the first id",
		`allowedUsers: [{min: 5, max: 9}], namespaceUsers: [{namespaces: [a], min: 5, max: 9}]`: "namespaceUsers: contradicts allowedUsers: each namespace has its own range",
		`namespaceUsers: [{min: 5, max: 9}]`:                                                    "namespaceUsers[0].namespaces: is missing or empty",
		`namespaceUsers: [{namespaces: [""], min: 5, max: 9}]`:                                  "namespaceUsers[0].namespaces: has an empty pattern, which never matches",
		`namespaceUsers: [{namespaces: [a], max: 9}]`:                                           "namespaceUsers[0].min: must not be 0: that is root",
		`namespaceUsers: [{namespaces: [a], min: 5}]`:                                           "namespaceUsers[0].max: 0 is below min, 5",
		`namespaceUsers: [{namespaces: [a], min: 5, max: 4294967295}]`:                          "namespaceUsers[0].max: must not be 4294967295: that is root",
		`adjustOnlyRoot: true`:                                                                  "adjustOnlyRoot: needs onViolation: adjust",
		`keepRootGroup: true`:                                                                   "keepRootGroup: needs onViolation: adjust",
		`home: /tmp`:                                                                            "home: needs onViolation: adjust",
		`onViolation: ignore, home: /tmp`:                                                       "has no rules",
		`onViolation: adjust, home: tmp`:                                                        "home: ",
		`onViolation: adjust, keepRootGroup: true, forbidRootGroup: true`:                       "keepRootGroup: contradicts forbidRootGroup",
		`onViolation: adjust, keepRootGroup: true, allowedGroups: [{min: 1, max: 70000}]`:       "keepRootGroup: needs group 0 in allowedGroups (allowed: 1-70000)",
		`onViolation: adjust, keepRootGroup: true, allowedGroups: [{max: 70000}]`:               "",
		`onViolation: reject, allowedUsers: [{min: 5, max: 9}]`:                                 "",
		`onViolation: adjust, allowedUsers: [{min: 5, max: 65535}]`:                             "",
	} {
		got := loadError(`runAsNonRoot: {` + rule + `}`)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: error %q, want %q", rule, got, want)
		}
	}
}

// mappedTo gives the container a user namespace whose 5 is that id of the host, and 4 the one
// before it.
func mappedTo(host, size uint32) option {
	return func(s *specs.Spec) {
		withUserNamespace(100000, 100000)(s)
		own := []specs.LinuxIDMapping{{ContainerID: 5, HostID: host, Size: size}, {ContainerID: 4, HostID: 100004, Size: 1}, {HostID: 100000, Size: 1}}
		s.Linux.UIDMappings, s.Linux.GIDMappings = own, own
	}
}

// withUserMapping maps users only: the id to that one of the host.
func withUserMapping(id, host uint32) option {
	return func(s *specs.Spec) {
		s.Linux.UIDMappings = []specs.LinuxIDMapping{{ContainerID: id, HostID: host, Size: 1}}
	}
}

// TestRunAsHostRoot: adjusting does not replace a user namespace's root by the host's.
func TestRunAsHostRoot(t *testing.T) {
	spec := newSpec(withUser(0, 0), withUserNamespace(100000, 100000), func(s *specs.Spec) {
		s.Linux.UIDMappings = []specs.LinuxIDMapping{{HostID: 100000, Size: 10}, {ContainerID: 65532, HostID: 0, Size: 1}}
		s.Linux.GIDMappings = []specs.LinuxIDMapping{{HostID: 100000, Size: 65533}}
	})
	d := compileDocs(t, policyDoc("p", "runAsNonRoot: {onViolation: adjust}")).Evaluate(subject(spec), Complete)
	want := "runs as root (uid 0), and the policy's runAsUser, 65532, is the host's root in the pod's user namespace"
	if d.Outcome() != Denied || !strings.Contains(d.Message(), want) {
		t.Errorf("%s: %s", d.Outcome(), d.Message())
	}
}
