package guest_test

import (
	"fmt"
	"testing"

	"github.com/specguard/specguard/e2e/cri"
)

// profile is an AppArmor profile that lets all be done but writing below
// /protected.
const profile = `#include <tunables/global>
profile %[1]s flags=(attach_disconnected,mediate_deleted%[2]s) {
  #include <abstractions/base>
  network,
  capability,
  file,
  umount,
  mount,
  audit deny /protected/** wl,
  signal (receive) peer=unconfined,
  signal (send,receive) peer=%[1]s,
  ptrace (trace,read) peer=%[1]s,
}
`

// load loads a profile, with further flags.
func load(t *testing.T, name, flags string) {
	t.Helper()
	file := "/etc/apparmor.d/" + name
	write(t, file, fmt.Sprintf(profile, name, flags))
	shell(t, "apparmor_parser -r -W "+file)
}

func unload(t *testing.T, name string) {
	t.Helper()
	shell(t, "apparmor_parser -R /etc/apparmor.d/"+name)
}

// Acts that the profiles refuse: all of these the runtime's default, and those
// of [profile] the first alone.
var appArmorActs = map[string]string{
	"write": "echo x >/protected/w",
	"mount": "mkdir -p /m && mount -t tmpfs tmpfs /m && umount /m",
}

const (
	defaultProfile = "cri-containerd.apparmor.d (enforce)"
	webProfile     = "web-1 (enforce)"
)

var appArmorPolicies = policies{
	"aa-default":  "rules: {appArmorProfile: {onViolation: adjust, apply: RuntimeDefault}}",
	"aa-web":      "rules: {appArmorProfile: {onViolation: adjust, apply: Localhost/web-1}}",
	"aa-later":    "rules: {appArmorProfile: {onViolation: adjust, apply: Localhost/web-2}}",
	"aa-complain": "rules: {appArmorProfile: {onViolation: adjust, apply: Localhost/web-complain}}",
	"aa-reject":   `rules: {appArmorProfile: {onViolation: reject, allowed: [RuntimeDefault, "Localhost/web-*"]}}`,
	"aa-baseline": "profile: baseline",
}

// ask is a trial in a namespace of a container that may mount, and has a folder
// of the node.
func ask(name, namespace string, options ...cri.ContainerOption) trial {
	return trial{name: name, namespace: namespace, options: append(options,
		cri.Capabilities([]string{"SYS_ADMIN"}, nil), cri.HostPath("/protected", "/protected", false))}
}

func (tr trial) is(label string, can, cannot []string) trial {
	tr.label, tr.can, tr.cannot = label, can, cannot
	return tr
}

func (tr trial) isDenied(because string) trial {
	tr.denied = because
	return tr
}

// privileged makes a trial's pod and container privileged.
func (tr trial) privileged() trial {
	tr.kind, tr.pod = "privileged", []cri.PodOption{cri.PrivilegedPod()}
	tr.options = []cri.ContainerOption{cri.Privileged(), cri.HostPath("/protected", "/protected", false)}
	return tr
}

func TestAppArmor(t *testing.T) {
	if got := shell(t, "cat /sys/module/apparmor/parameters/enabled"); got != "Y" {
		t.Fatalf("AppArmor is enabled: %s", got)
	}
	shell(t, "mkdir -p /protected")
	load(t, "web-1", "")
	load(t, "web-complain", ",complain")
	n := startNode(t, "")
	install(t)
	doctor(t, "lsm", "warning", "AppArmor profile cri-containerd.apparmor.d of containerd is not loaded")
	t.Run("containerd", func(t *testing.T) { n.appArmor(t, openerContainerd) })
	shell(t, "systemctl stop specguard")
	t.Run("wrapper", func(t *testing.T) {
		n.pods = map[string]*pod{} // theirs have another OCI runtime
		n.appArmor(t, openerWrapper)
	})
	keep(t, "aa-status", shell(t, "aa-status"))
}

func (n *node) appArmor(t *testing.T, opener string) {
	n.startAgent(t, opener, appArmorPolicies)
	unconfined, both := cri.UnconfinedAppArmor(), []string{"write", "mount"}
	web := func(tr trial) trial { return tr.is(webProfile, []string{"mount"}, []string{"write"}) }
	ofRuntime := func(tr trial) trial { return tr.is(defaultProfile, []string{"write"}, []string{"mount"}) }
	refused := shell(t, "dmesg | grep -c 'apparmor=\"DENIED\"' || true")
	trials := []trial{
		// The first after a boot: no container has had the runtime load its default.
		ofRuntime(ask("unconfined at first, the runtime's default applied", "aa-default", unconfined)),
		ask("without a policy, unconfined", "free", unconfined).is("unconfined", both, nil),
		ofRuntime(ask("without a policy", "free")),
		ofRuntime(ask("unconfined, the runtime's default applied", "aa-default", unconfined)),
		ofRuntime(ask("privileged, the runtime's default applied", "aa-default").privileged()),
		web(ask("unconfined, a profile applied", "aa-web", unconfined)),
		web(ask("the runtime's default, a profile applied", "aa-web")),
		web(ask("privileged, a profile applied", "aa-web").privileged()),
		ask("unconfined, rejected", "aa-reject", unconfined).
			isDenied("AppArmor profile Unconfined not allowed (allowed: RuntimeDefault, Localhost/web-*)"),
		ask("privileged, rejected", "aa-reject").privileged().isDenied("AppArmor profile Unconfined not allowed"),
		ofRuntime(ask("the runtime's default, allowed", "aa-reject")),
		web(ask("an allowed profile", "aa-reject", cri.AppArmor("web-1"))),
		ask("an allowed profile that complains", "aa-reject", cri.AppArmor("web-complain")).isDenied("confines nothing on this node"),
		ask("a profile that complains, applied", "aa-complain", unconfined).isDenied("confines nothing on this node"),
		{
			name: "unconfined under baseline", namespace: "aa-baseline", pod: []cri.PodOption{cri.PodNetwork()},
			options: []cri.ContainerOption{cri.InPodNetwork(), unconfined}, denied: "AppArmor profile Unconfined not allowed",
		},
		ask("a profile that is not loaded, applied", "aa-later", unconfined).
			isDenied(`AppArmor profile "web-2", which the policy applies, is not loaded on this node`),
	}
	ran := map[string]*cri.Running{}
	for _, tr := range trials {
		ran[tr.name] = n.try(t, appArmorActs, tr)
	}
	if now := shell(t, "dmesg | grep -c 'apparmor=\"DENIED\"' || true"); now == refused {
		t.Error("the kernel's log tells of no denial")
	}
	load(t, "web-2", "")
	n.try(t, appArmorActs, ask("loaded while the agent runs", "aa-later", unconfined).is("web-2 (enforce)", []string{"mount"}, []string{"write"}))
	unload(t, "web-2")
	n.try(t, appArmorActs, ask("unloaded while the agent runs", "aa-later", unconfined).isDenied("is not loaded on this node"))
	var judged []audited
	for name, violation := range map[string]string{
		"without a policy, unconfined":              "AppArmor profile Unconfined not allowed",
		"without a policy":                          "",
		"privileged, the runtime's default applied": "",
		"privileged, a profile applied":             "AppArmor profile Localhost/web-1 not allowed",
		"an allowed profile":                        "AppArmor profile Localhost/web-1 not allowed",
		"unconfined, the runtime's default applied": "",
		"the runtime's default, a profile applied":  "AppArmor profile Localhost/web-1 not allowed",
	} {
		judged = append(judged, audited{name, ran[name], violation})
	}
	audit(t, "appArmorProfile: {onViolation: reject, allowed: [RuntimeDefault]}", judged)
	doctor(t, "lsm", "ok", "AppArmor is on; of ")
	n.complains(t)
}

// complains: the runtime's default profile is loaded and does not enforce.
func (n *node) complains(t *testing.T) {
	load(t, "cri-containerd.apparmor.d", ",complain")
	doctor(t, "lsm", "warning", "AppArmor profile cri-containerd.apparmor.d of containerd confines nothing")
	n.try(t, appArmorActs, ask("the runtime's default complains", "aa-default", cri.UnconfinedAppArmor()).isDenied("confines nothing on this node"))
	unload(t, "cri-containerd.apparmor.d")
	if got := shell(t, "specguard apparmor"); got != "loaded AppArmor profile cri-containerd.apparmor.d" {
		t.Errorf("specguard apparmor: %s", got)
	}
	n.try(t, appArmorActs, ask("the runtime's default is loaded again", "aa-default", cri.UnconfinedAppArmor()).
		is(defaultProfile, []string{"write"}, []string{"mount"}))
}
