package policy

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// cdiNvidia are the edits of the CDI spec that nvidia-ctk 1.17 makes on Ubuntu, for one
// card.
func cdiNvidia(s *specs.Spec) {
	for _, n := range []specs.LinuxDevice{
		char("/dev/nvidia0", 195, 0), char("/dev/nvidiactl", 195, 255), char("/dev/nvidia-modeset", 195, 254),
		char("/dev/nvidia-uvm", 511, 0), char("/dev/nvidia-uvm-tools", 511, 1), char("/dev/dri/renderD128", 226, 128), char("/dev/dri/card1", 226, 1),
	} {
		withDevice(n, "rwm")(s)
	}
	options := []string{"ro", "nosuid", "nodev", "rbind", "rprivate"}
	for _, file := range []string{
		"/usr/bin/nvidia-smi", "/usr/bin/nvidia-persistenced", "/usr/bin/nvidia-cuda-mps-control",
		"/usr/lib/x86_64-linux-gnu/libcuda.so.570.86.15", "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.570.86.15",
		"/lib/firmware/nvidia/570.86.15/gsp_ga10x.bin", "/run/nvidia-persistenced/socket",
	} {
		s.Mounts = append(s.Mounts, bind(file, file, options...))
	}
	hook := specs.Hook{Path: "/usr/bin/nvidia-cdi-hook", Args: []string{"nvidia-cdi-hook", "update-ldcache"}}
	s.Hooks = &specs.Hooks{CreateContainer: []specs.Hook{hook}}
}

// TestNvidiaInDocs: the policy that docs/policy.md has for graphics cards lets pass a
// container that has one by CDI, and the profile alone does not.
func TestNvidiaInDocs(t *testing.T) {
	data, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	var doc string
	for part := range strings.SplitSeq(string(data), "```") {
		if strings.Contains(part, "graphics-cards") {
			doc = strings.TrimPrefix(part, "yaml\n")
		}
	}
	sub := subject(newSpec(cdiNvidia))
	sub.Pod.Namespace = "team-training"
	sub.Host = fakeHost{
		links:    map[string]string{"/lib": "/usr/lib", "/var/run": "/run"},
		drivers:  map[string]string{"c 511:*": "nvidia-uvm"},
		apparmor: AppArmor{State: Disabled}, selinux: Disabled,
	}
	if d := compileDocs(t, doc).Evaluate(sub, Complete); d.Outcome() != Allowed {
		t.Errorf("%s %s", d.Outcome(), d.Message())
	}
	operator := `hostPaths: {allowed: [{path: /run/nvidia/driver, readOnly: true}]}`
	under := sub
	under.Spec = newSpec(cdiNvidia)
	for i := range under.Spec.Mounts {
		if m := &under.Spec.Mounts[i]; m.Source == m.Destination {
			m.Source = "/run/nvidia/driver" + m.Source
		}
	}
	if d := compileDocs(t, policyDoc("operator", operator)).Evaluate(under, Complete); d.Outcome() != Allowed {
		t.Errorf("the GPU operator's: %s", d.Message())
	}
	d := compileDocs(t, profilePolicy("baseline")).Evaluate(sub, Complete)
	if rules := rulesOf(d.Violations); slices.Contains(rules, "devices") || !slices.Contains(rules, "hostPaths") {
		t.Errorf("baseline alone: %v", rules)
	}
}
