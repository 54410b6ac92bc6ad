package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy"
)

func TestUser(t *testing.T) {
	const unknownGroups = "the user's groups in the image are not known: assumed to be only group 0"
	for _, tt := range []struct{ container, pod, want, note string }{
		{"", "", "0:0 [0]", ""},
		{"{runAsUser: 5}", "", "5:0 [0]", unknownGroups},
		{"{runAsUser: 5, runAsGroup: 6}", "", "5:6 [6]", ""},
		{"{runAsGroup: 6}", "", "0:6 [6]", ""},
		{"{}", "{runAsUser: 5, runAsGroup: 6}", "5:6 [6]", ""},
		{"{runAsUser: 0}", "{runAsUser: 5, runAsGroup: 6}", "0:6 [6]", ""},
		{"{runAsGroup: 0}", "{runAsUser: 5, runAsGroup: 6}", "5:0 [0]", ""},
		{"", "{fsGroup: 9, supplementalGroups: [8, 0, 7, 9]}", "0:0 [0 7 8 9]", ""},
		{"", "{runAsUser: 5, runAsGroup: 6, fsGroup: 9}", "5:6 [6 9]", ""},
		{"{runAsNonRoot: true}", "", "65532:0 [0]", "the image's user is not known: assumed to be 65532, because runAsNonRoot is true; " + unknownGroups},
		{"", "{runAsNonRoot: true}", "65532:0 [0]", "the image's user is not known: assumed to be 65532, because runAsNonRoot is true; " + unknownGroups},
		{"{runAsNonRoot: false}", "{runAsNonRoot: true}", "0:0 [0]", ""},
		{"{runAsNonRoot: true, runAsUser: 5, runAsGroup: 5}", "", "5:5 [5]", ""},
		{"{runAsNonRoot: true}", "{runAsUser: 0}", "0:0 [0]", "the kubelet does not start it: runAsUser is 0 and runAsNonRoot is true"},
	} {
		c := one(t, "securityContext: "+tt.container, "securityContext: "+tt.pod)
		u := c.Subject.Spec.Process.User
		if got := fmt.Sprintf("%d:%d %d", u.UID, u.GID, u.AdditionalGids); got != tt.want || notes(c) != tt.note {
			t.Errorf("%s %s\n got %s, %s\nwant %s, %s", tt.container, tt.pod, got, notes(c), tt.want, tt.note)
		}
	}
}

// TestImageUser: what is known of the image's user is used where the pod does not say it.
func TestImageUser(t *testing.T) {
	const unknownGroups = "the user's groups in the image are not known: assumed to be only group 0"
	const named = "the kubelet does not start it: the image names its user, and runAsNonRoot is true"
	const rooted = "the kubelet does not start it: the image runs as root and runAsNonRoot is true"
	for _, tt := range []struct {
		user                       ImageUser
		container, pod, want, note string
	}{
		{ImageUser{UID: 5}, "", "", "5:0 [0]", unknownGroups},
		{ImageUser{UID: 5, Groups: []uint32{6, 3, 9}}, "", "", "5:6 [3 6 9]", ""},
		{ImageUser{UID: 5, Groups: []uint32{6}}, "", "{fsGroup: 2, supplementalGroups: [6, 1]}", "5:6 [1 2 6]", ""},
		{ImageUser{UID: 5, Groups: []uint32{6, 3}}, "{runAsGroup: 8}", "", "5:8 [3 8]", ""},
		{ImageUser{UID: 5, Groups: []uint32{6, 3}}, "{runAsUser: 5}", "", "5:6 [3 6]", ""},
		{ImageUser{UID: 5, Groups: []uint32{6, 3}}, "{runAsUser: 7}", "", "7:0 [0]", unknownGroups},
		{ImageUser{UID: 0, Groups: []uint32{0}}, "", "", "0:0 [0]", ""},
		{ImageUser{UID: 5, Groups: []uint32{6}}, "{runAsNonRoot: true}", "", "5:6 [6]", ""},
		{ImageUser{UID: 5, Name: "app", Groups: []uint32{6}}, "{runAsNonRoot: true}", "", "5:6 [6]", named},
		{ImageUser{UID: 5, Name: "app", Groups: []uint32{6}}, "", "", "5:6 [6]", ""},
		{ImageUser{UID: 0, Groups: []uint32{0}}, "", "{runAsNonRoot: true}", "0:0 [0]", rooted},
	} {
		asked := ""
		m := podManifest("securityContext: "+tt.container, "securityContext: "+tt.pod)
		out, err := Derive([]byte(m), WithImageUsers(func(image string) (ImageUser, bool) {
			asked = image
			return tt.user, true
		}))
		if err != nil || asked != "docker.io/library/nginx:latest" {
			t.Fatal(err, asked)
		}
		u := out[0].Subject.Spec.Process.User
		if got := fmt.Sprintf("%d:%d %d", u.UID, u.GID, u.AdditionalGids); got != tt.want || notes(out[0]) != tt.note || strings.Contains(fmt.Sprint(out[0].Notes), "assumed to be root") {
			t.Errorf("%+v %s %s\n got %s, %s\nwant %s, %s", tt.user, tt.container, tt.pod, got, notes(out[0]), tt.want, tt.note)
		}
	}
	unknown, err := Derive([]byte(podManifest("", "")), WithImageUsers(func(string) (ImageUser, bool) { return ImageUser{UID: 5}, false }))
	if err != nil || unknown[0].Subject.Spec.Process.User.UID != 0 || !strings.Contains(fmt.Sprint(unknown[0].Notes), "assumed to be root") {
		t.Errorf("%v %+v", err, unknown)
	}
}

func TestCapabilities(t *testing.T) {
	defaults, all := defaultCapabilities(), allCapabilities()
	without := func(list []string, names ...string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(n string) bool { return slices.Contains(names, n) })
	}
	for _, tt := range []struct {
		context string
		want    []string
	}{
		{"", defaults},
		{"{capabilities: {}}", defaults},
		{"{capabilities: {drop: [ALL]}}", nil},
		{"{capabilities: {drop: [all]}}", nil},
		{"{capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}", []string{"CAP_NET_BIND_SERVICE"}},
		{"{capabilities: {drop: [ALL], add: [ALL]}}", nil},
		{"{capabilities: {add: [net_admin, CHOWN]}}", append(slices.Clone(defaults), "CAP_NET_ADMIN")},
		{"{capabilities: {add: [ALL], drop: [CHOWN]}}", without(all, "CAP_CHOWN")},
		{"{capabilities: {drop: [chown, NET_RAW]}}", without(defaults, "CAP_CHOWN", "CAP_NET_RAW")},
		{"{capabilities: {add: [SYS_TIME], drop: [SYS_TIME]}}", defaults},
		{"{capabilities: {drop: [CAP_CHOWN]}}", defaults}, // containerd looks for CAP_CAP_CHOWN
		{"{privileged: true, capabilities: {drop: [ALL]}}", all},
	} {
		c := one(t, "securityContext: "+tt.context, "").Subject.Spec.Process.Capabilities
		for _, set := range [][]string{c.Bounding, c.Effective, c.Permitted} {
			if !slices.Equal(set, tt.want) {
				t.Errorf("%s: %q, want %q", tt.context, set, tt.want)
			}
		}
		if c.Inheritable != nil || c.Ambient != nil {
			t.Errorf("%s: %+v", tt.context, c)
		}
	}
	if len(all) < 41 || !slices.Contains(all, "CAP_SYS_ADMIN") {
		t.Errorf("all: %q", all)
	}
}

func TestPrivilege(t *testing.T) {
	s := one(t, "", "").Subject.Spec
	if s.Process.NoNewPrivileges || s.Root.Readonly || len(s.Linux.MaskedPaths) == 0 || len(s.Linux.ReadonlyPaths) == 0 || s.Linux.Resources.Devices[0].Allow {
		t.Errorf("default: %+v", s)
	}
	s = one(t, "securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, procMount: Unmasked}", "").Subject.Spec
	if !s.Process.NoNewPrivileges || !s.Root.Readonly || len(s.Linux.MaskedPaths) != 0 || len(s.Linux.ReadonlyPaths) != 0 {
		t.Errorf("%+v", s)
	}
	s = one(t, "securityContext: {allowPrivilegeEscalation: true, procMount: Default}", "").Subject.Spec
	if s.Process.NoNewPrivileges || len(s.Linux.MaskedPaths) == 0 {
		t.Errorf("%+v", s)
	}
	c := one(t, "securityContext: {privileged: true, seccompProfile: {type: RuntimeDefault}}", "")
	s = c.Subject.Spec
	if s.Linux.MaskedPaths != nil || s.Linux.ReadonlyPaths != nil || s.Linux.Seccomp != nil || !s.Linux.Resources.Devices[0].Allow ||
		s.Process.ApparmorProfile != "" || s.Process.SelinuxLabel != "" || s.Linux.MountLabel == "" {
		t.Errorf("privileged: %+v", s)
	}
	for _, at := range []string{"/sys", "/sys/fs/cgroup"} {
		if m := mountAt(c, at); !slices.Contains(m.Options, "rw") {
			t.Errorf("privileged: %+v", m)
		}
	}
	if want := "the host's devices, which a privileged container gets, are not known"; notes(c) != want {
		t.Errorf("%s", notes(c))
	}
}

func TestSeccomp(t *testing.T) {
	for _, tt := range []struct {
		container, pod string
		want           specs.LinuxSeccompAction
		asked          policy.SeccompPattern
		note           string
	}{
		{"", "", "", "Unconfined", ""},
		{"{type: Unconfined}", "{type: RuntimeDefault}", "", "Unconfined", ""},
		{"", "{type: RuntimeDefault}", specs.ActErrno, "RuntimeDefault", ""},
		{"{type: RuntimeDefault}", "{type: Unconfined}", specs.ActErrno, "RuntimeDefault", ""},
		{"{type: Localhost, localhostProfile: a/b.json}", "", specs.ActAllow, "Localhost/a/b.json",
			"what the seccomp profile a/b.json allows is not known: assumed to deny only what every default profile denies"},
	} {
		c := one(t, "securityContext: {seccompProfile: "+tt.container+"}", "securityContext: {seccompProfile: "+tt.pod+"}")
		got := specs.LinuxSeccompAction("")
		if s := c.Subject.Spec.Linux.Seccomp; s != nil {
			got = s.DefaultAction
		}
		if asked := c.Subject.Container.Seccomp; got != tt.want || asked != tt.asked || notes(c) != tt.note {
			t.Errorf("%s %s: %s, %s, %s", tt.container, tt.pod, got, asked, notes(c))
		}
	}
	granted := one(t, "securityContext: {seccompProfile: {type: RuntimeDefault}, capabilities: {add: [SYS_TIME]}}", "").Subject.Spec.Linux.Seccomp
	if !slices.ContainsFunc(granted.Syscalls, func(c specs.LinuxSyscall) bool {
		return c.Action == specs.ActAllow && slices.Contains(c.Names, "settimeofday")
	}) {
		t.Error("the default profile does not know the capabilities")
	}
}

func TestAppArmor(t *testing.T) {
	const own = "cri-containerd.apparmor.d"
	for _, tt := range []struct{ container, pod, annotation, want string }{
		{"", "", "", own},
		{"{type: RuntimeDefault}", "{type: Unconfined}", "unconfined", own},
		{"{type: Unconfined}", "", "runtime/default", ""},
		{"{type: Localhost, localhostProfile: web}", "", "", "web"},
		{"", "{type: Localhost, localhostProfile: web}", "", "web"},
		{"", "{type: Unconfined}", "localhost/web", "web"},
		{"", "{type: Unconfined}", "runtime/default", own},
		{"", "", "unconfined", ""},
		{"", "{type: Unconfined}", "nonsense", ""},
		{"", "{type: Unconfined}", "localhost/", ""},
	} {
		manifest := podManifest("securityContext: {appArmorProfile: "+tt.container+"}", "securityContext: {appArmorProfile: "+tt.pod+"}")
		if tt.annotation != "" {
			manifest = "apiVersion: v1\nkind: Pod\nmetadata: {annotations: {container.apparmor.security.beta.kubernetes.io/app: " + tt.annotation + "}}\n" +
				manifest[len("\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: team-a, labels: {tier: web}}\n"):]
		}
		if got := derive(t, manifest)[0].Subject.Spec.Process.ApparmorProfile; got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
	if got := one(t, "securityContext: {privileged: true, appArmorProfile: {type: Localhost, localhostProfile: web}}", "").Subject.Spec; got.Process.ApparmorProfile != "web" {
		t.Errorf("privileged: %q", got.Process.ApparmorProfile)
	}
}

func TestSELinux(t *testing.T) {
	for _, tt := range []struct{ container, pod, process, mount string }{
		{"", "", "system_u:system_r:container_t:s0:c1,c2", "system_u:object_r:container_file_t:s0:c1,c2"},
		{"{type: a_t}", "", "system_u:system_r:a_t:s0:c1,c2", "system_u:object_r:container_file_t:s0:c1,c2"},
		{"", "{user: u, role: r, type: t, level: 's0:c9'}", "u:r:t:s0:c9", "u:object_r:container_file_t:s0:c9"},
		{"{}", "{role: r}", "system_u:r:container_t:s0:c1,c2", "system_u:object_r:container_file_t:s0:c1,c2"},
		{"{type: t}", "{role: r}", "system_u:system_r:t:s0:c1,c2", "system_u:object_r:container_file_t:s0:c1,c2"},
	} {
		s := one(t, "securityContext: {seLinuxOptions: "+tt.container+"}", "securityContext: {seLinuxOptions: "+tt.pod+"}").Subject.Spec
		if s.Process.SelinuxLabel != tt.process || s.Linux.MountLabel != tt.mount {
			t.Errorf("%+v: %s %s", tt, s.Process.SelinuxLabel, s.Linux.MountLabel)
		}
	}
}
