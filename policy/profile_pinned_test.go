package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestPinnedProfiles: the last version before each change of the Pod Security Standards
// denies what the next one allows.
func TestPinnedProfiles(t *testing.T) {
	inUserNamespace := func(o ...option) []option {
		return append([]option{func(s *specs.Spec) {
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace})
			mapping := []specs.LinuxIDMapping{{ContainerID: 0, HostID: 65536, Size: 65536}}
			s.Linux.UIDMappings, s.Linux.GIDMappings = mapping, mapping
		}}, o...)
	}
	sysctl := func(name string) []option {
		return []option{func(s *specs.Spec) { s.Linux.Sysctl = map[string]string{name: "1"} }}
	}
	for name, c := range map[string]struct {
		profile string
		since   int // allowed since that minor version
		rule    string
		opts    []option
	}{
		"sysctl of 1.27": {"baseline", 27, "sysctls", sysctl("net.ipv4.ip_local_reserved_ports")},
		"sysctl of 1.29": {"baseline", 29, "sysctls", sysctl("net.ipv4.tcp_fin_timeout")},
		"sysctl of 1.32": {"restricted", 32, "sysctls", sysctl("net.ipv4.tcp_rmem")},
		"sysctl of 1.37": {"hardened", 37, "sysctls", sysctl("net.ipv4.tcp_notsent_lowat")},
		"SELinux type": {"baseline", 31, "seLinuxOptions", []option{func(s *specs.Spec) {
			s.Process.SelinuxLabel = "system_u:system_r:container_engine_t:s0:c1,c2"
		}}},
		"procMount": {"baseline", 35, "procMount", inUserNamespace(withPaths(nil, nil))},
		"root":      {"restricted", 35, "runAsNonRoot", inUserNamespace(withUser(0, 0))},
	} {
		t.Run(name, func(t *testing.T) {
			for minor := oldestStandard; minor <= newestStandard; minor++ {
				profile := fmt.Sprintf("%s@v1.%d", c.profile, minor)
				sub := subject(newSpec(append([]option{restricted}, c.opts...)...))
				sub.Host = fakeHost{apparmor: AppArmor{State: Disabled}, selinux: Enabled}
				doc := strings.Replace(profilePolicy(profile), "name: "+profile, "name: p", 1)
				d := compileDocs(t, doc).Evaluate(sub, Complete)
				if denied := slices.Contains(rulesOf(d.Violations), c.rule); denied != (minor < c.since) {
					t.Errorf("%s: denied %v: %s", profile, denied, d.Message())
				}
			}
		})
	}
}

// TestPinnedToNewest: a profile that is pinned to the newest version is the profile.
func TestPinnedToNewest(t *testing.T) {
	for _, p := range Profiles() {
		plain := len(profileName(p).layers())
		for _, version := range []string{"latest", fmt.Sprintf("v1.%d", newestStandard)} {
			if got := len(profileName(p + "@" + version).layers()); got != plain {
				t.Errorf("%s@%s has %d layers, want %d", p, version, got, plain)
			}
		}
		if got := len(profileName(fmt.Sprintf("%s@v1.%d", p, oldestStandard)).layers()); got <= plain {
			t.Errorf("the oldest %s has %d layers", p, got)
		}
	}
}

// TestStandards: the file names known profiles and versions, the newest first.
func TestStandards(t *testing.T) {
	changes := standardChanges()
	if len(changes) == 0 {
		t.Fatal("no changes")
	}
	for i, c := range changes {
		if err := new(StandardVersion).UnmarshalText([]byte(c.Before)); err != nil {
			t.Error(err)
		}
		if i > 0 && c.Before.minor() >= changes[i-1].Before.minor() {
			t.Errorf("%s stands after %s", c.Before, changes[i-1].Before)
		}
		for name := range c.Rules {
			if !slices.Contains(Profiles(), name) {
				t.Errorf("before %s: no profile %q", c.Before, name)
			}
		}
	}
}
