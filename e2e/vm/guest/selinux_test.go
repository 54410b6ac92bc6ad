package guest_test

import (
	"slices"
	"strings"
	"testing"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/cri"
)

// seLinuxConfig has containerd label containers.
const seLinuxConfig = `
[plugins.'io.containerd.cri.v1.runtime']
  enable_selinux = true
`

// Folders of the node: one as it is, and one to be given to containers.
const (
	ownVolume    = "/var/lib/node-data"
	sharedVolume = "/var/lib/pod-data"
)

// What a container has to be able to do that works, and two acts on a volume.
var (
	seLinuxActs = map[string]string{
		"write its files":  "echo x >/probe && rm /probe",
		"write its shm":    "echo x >/dev/shm/probe && rm /dev/shm/probe",
		"read its name":    "cat /etc/hostname",
		"read the volume":  "cat /volume/file",
		"write the volume": "echo x >/volume/probe && rm /volume/probe",
	}
	worksWell = []string{"write its files", "write its shm", "read its name"}
	useVolume = []string{"read the volume", "write the volume"}
)

var seLinuxPolicies = policies{
	"se-type":     "rules: {seLinuxOptions: {onViolation: adjust, type: container_t}}",
	"se-reject":   "rules: {seLinuxOptions: {onViolation: reject, type: container_t}}",
	"se-user":     "rules: {seLinuxOptions: {onViolation: adjust, user: system_u, role: system_r, type: container_t}}",
	"se-roles":    "rules: {seLinuxOptions: {onViolation: reject, user: system_u, role: system_r, allowedTypes: [container_t, spc_t]}}",
	"se-levels":   `rules: {seLinuxOptions: {onViolation: reject, allowedTypes: [container_t], level: "s0:c1,c2"}}`,
	"se-baseline": "profile: baseline",
	"se-level":    `rules: {seLinuxOptions: {onViolation: adjust, type: container_t, level: "s0:c7"}}`,
	"se-unknown":  "rules: {seLinuxOptions: {onViolation: adjust, type: nosuch_t}}",
}

func seLabel(user, role, kind, level string) cri.ContainerOption {
	return cri.SELinux(&api.SELinuxOption{User: user, Role: role, Type: kind, Level: level})
}

// seAsk is a trial with a folder of the node that is not for containers.
func seAsk(name, namespace string, options ...cri.ContainerOption) trial {
	return trial{name: name, namespace: namespace, options: append(options, cri.HostPath(ownVolume, "/volume", false))}
}

// shares is a trial with a folder that the runtime gives the container's label.
func (tr trial) shares() trial {
	tr.options = append(tr.options[:len(tr.options)-1:len(tr.options)-1],
		cri.Mount(&api.Mount{HostPath: sharedVolume, ContainerPath: "/volume", SelinuxRelabel: true}))
	return tr
}

func (tr trial) confined(label string) trial { return tr.is(label, worksWell, useVolume) }

const contained = "system_u:system_r:container_t:s0"

func TestSELinux(t *testing.T) {
	if got := shell(t, "getenforce"); got != "Enforcing" {
		t.Fatalf("SELinux is %s", got)
	}
	shell(t, "modprobe overlay; mkdir -p /var/log/pods /etc/containerd "+ownVolume+" "+sharedVolume+
		"; echo x >"+ownVolume+"/file; echo x >"+sharedVolume+"/file; restorecon -R /var/log/pods /etc/containerd "+ownVolume+" "+sharedVolume)
	n := startNode(t, seLinuxConfig)
	t.Logf("containerd runs as %s", shell(t, "tr -d '\\0' </proc/$(systemctl show --value -p MainPID containerd)/attr/current"))
	t.Run("containerd", func(t *testing.T) { n.seLinux(t, openerContainerd) })
	shell(t, "systemctl stop specguard")
	t.Run("wrapper", func(t *testing.T) {
		n.pods = map[string]*pod{}
		n.seLinux(t, openerWrapper)
	})
	keep(t, "avc", strings.Join(denials(t), "\n"))
}

// denials are the lines of the kernel's log about what SELinux has refused.
func denials(t *testing.T, words ...string) []string {
	t.Helper()
	return lines(shell(t, "dmesg"), append(words, "avc:", "denied")...)
}

func (n *node) seLinux(t *testing.T, opener string) {
	n.startAgent(t, opener, seLinuxPolicies)
	t.Logf("the agent runs as %s", shell(t, "tr -d '\\0' </proc/$(systemctl show --value -p MainPID specguard)/attr/current"))
	all := slices.Concat(worksWell, useVolume)
	spc, own := seLabel("", "", "spc_t", ""), seLabel("", "", "spc_t", "s0:c11,c12")
	refused := len(denials(t, "scontext=system_u:system_r:container_t"))
	ran := map[string]*cri.Running{}
	for _, tr := range []trial{
		seAsk("without a policy", "free").confined(contained + ":c"),
		seAsk("without a policy, spc_t", "free", spc).is("system_u:system_r:spc_t:s0", all, nil),
		seAsk("spc_t, adjusted", "se-type", spc).confined(contained + ":c"),
		seAsk("spc_t and a level, adjusted", "se-type", own).confined(contained + ":c11,c12"),
		seAsk("privileged, adjusted", "se-type").privilegedSELinux().is(contained, nil, useVolume),
		seAsk("nothing asked, allowed", "se-type").confined(contained + ":c"),
		seAsk("a volume with its label", "se-type", spc).shares().is(contained+":c", all, nil),
		seAsk("spc_t, rejected", "se-reject", spc).isDenied(`SELinux type "spc_t" not allowed (allowed: container_t)`),
		seAsk("privileged, rejected", "se-reject").privilegedSELinux().isDenied("SELinux"),
		seAsk("nothing asked, not rejected", "se-reject").confined(contained + ":c"),
		seAsk("another user, adjusted", "se-user", seLabel("unconfined_u", "unconfined_r", "spc_t", "")).
			isDenied(`SELinux user "unconfined_u" not allowed, and cannot be replaced: the container runtime has labelled the container's files with it (allowed: system_u)`),
		seAsk("another user and role, rejected", "se-roles", seLabel("unconfined_u", "unconfined_r", "spc_t", "")).
			isDenied(`SELinux user "unconfined_u" not allowed (allowed: system_u)`),
		seAsk("another level, rejected", "se-levels", seLabel("", "", "", "s0:c3,c4")).isDenied("SELinux level"),
		{
			name: "spc_t under baseline", namespace: "se-baseline", pod: []cri.PodOption{cri.PodNetwork()},
			options: []cri.ContainerOption{cri.InPodNetwork(), spc}, denied: `SELinux type "spc_t" not allowed`,
		},
		// The files have the level that the runtime has chosen.
		seAsk("a level, applied", "se-level", spc).isDenied("cannot be replaced"),
		seAsk("the level that is to be applied", "se-level", seLabel("", "", "spc_t", "s0:c7")).confined(contained + ":c7"),
		seAsk("a type that the kernel does not know, applied", "se-unknown", spc).isDenied("does not know the label"),
	} {
		ran[tr.name] = n.try(t, seLinuxActs, tr)
	}
	if now := denials(t, "scontext=system_u:system_r:container_t"); len(now) <= refused {
		t.Error("the kernel's log tells of no denial")
	} else {
		t.Log(now[len(now)-1])
	}
	n.categories(t)
	var judged []audited
	for name, violation := range map[string]string{
		"without a policy":            "",
		"without a policy, spc_t":     `SELinux type "spc_t" not allowed`,
		"spc_t and a level, adjusted": "",
		"privileged, adjusted":        "",
		"nothing asked, not rejected": "",
	} {
		judged = append(judged, audited{name, ran[name], violation})
	}
	audit(t, "seLinuxOptions: {onViolation: reject, allowedTypes: [container_t]}", judged)
	doctor(t, "lsm", "ok", "SELinux is on and enforces")
	if opener == openerWrapper {
		doctor(t, "selinux", "ok", "containerd: SELinux lets specguard-runtime, in the domain dockerd_t, read its configuration and ask the agent")
	}
	if found := denials(t, "specguard"); len(found) > 0 {
		t.Errorf("SELinux denies specguard: %d times, the last: %s", len(found), found[len(found)-1])
	}
}

// categories: a container reads what has its own categories, and nothing of
// another's.
func (n *node) categories(t *testing.T) {
	one, other := seLabel("", "", "spc_t", "s0:c1,c2"), seLabel("", "", "spc_t", "s0:c3,c4")
	n.try(t, seLinuxActs, seAsk("a volume with its categories", "se-type", one).shares().is(contained+":c1,c2", useVolume, nil))
	tr := seAsk("a volume with another's categories", "se-type", other)
	tr.options[len(tr.options)-1] = cri.HostPath(sharedVolume, "/volume", false)
	n.try(t, seLinuxActs, tr.confined(contained+":c3,c4"))
	tr = seAsk("the pod's categories", "se-type")
	tr.kind, tr.pod = "categories", []cri.PodOption{func(p *api.PodSandboxConfig) {
		p.Linux.SecurityContext.SelinuxOptions = &api.SELinuxOption{Level: "s0:c20,c21"}
	}}
	n.try(t, seLinuxActs, tr.confined(contained+":c20,c21"))
	tr = seAsk("in the node's pid namespace", "se-type", cri.ShareNamespaces(true, false))
	tr.kind, tr.pod = "pid", []cri.PodOption{cri.HostNamespaces(true, false)}
	n.try(t, seLinuxActs, tr.is(contained, worksWell, useVolume))
}

func (tr trial) privilegedSELinux() trial {
	tr.kind, tr.pod = "privileged", []cri.PodOption{cri.PrivilegedPod()}
	tr.options = append(tr.options, cri.Privileged())
	return tr
}
