package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/sys/capability"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// secure applies the securityContext of the pod and the container.
func (b *builder) secure(at string) error {
	c := &b.container.SecurityContext
	b.spec.Process.User = b.user()
	b.spec.Process.NoNewPrivileges = c.AllowPrivilegeEscalation != nil && !*c.AllowPrivilegeEscalation
	b.capabilities()
	b.label()
	switch l := b.spec.Linux; {
	case c.Privileged:
		l.Resources.Devices = []specs.LinuxDeviceCgroup{{Allow: true, Access: "rwm"}}
		b.note("the host's devices, which a privileged container gets, are not known")
	case c.ProcMount == unmasked:
		l.MaskedPaths, l.ReadonlyPaths = []string{}, []string{}
	default:
		l.MaskedPaths, l.ReadonlyPaths = maskedPaths(), readonlyPaths()
	}
	if err := b.appArmor(at); err != nil {
		return err
	}
	return b.seccomp(at)
}

// user is whom the container runs as. The kubelet starts no image as root
// where runAsNonRoot is set.
//
// Source: Kubernetes, pkg/kubelet/kuberuntime (verifyRunAsNonRoot); containerd,
// pkg/oci (WithUser), which takes group 0 for a user that /etc/passwd of the
// image does not have.
func (b *builder) user() specs.User {
	const nonRoot = 65532
	c, p := &b.container.SecurityContext, &b.pod.Spec.SecurityContext
	uid, gid := cmp.Or(c.RunAsUser, p.RunAsUser), cmp.Or(c.RunAsGroup, p.RunAsGroup)
	refusesRoot := cmp.Or(c.RunAsNonRoot, p.RunAsNonRoot)
	u, image := specs.User{}, b.imageUser()
	switch {
	case uid != nil:
		u.UID = *uid
		if *uid == 0 && refusesRoot != nil && *refusesRoot {
			b.note("the kubelet does not start it: runAsUser is 0 and runAsNonRoot is true")
		}
	case image != nil:
		u.UID = image.UID
		b.noteRefusal(image, refusesRoot)
	case refusesRoot != nil && *refusesRoot:
		u.UID = nonRoot
		b.note(fmt.Sprintf("the image's user is not known: assumed to be %d, because runAsNonRoot is true", nonRoot))
	default:
		b.note("the image's user is not known: assumed to be root")
	}
	if image == nil || image.UID != u.UID {
		image = &ImageUser{} // what it says of groups is for another user
	}
	switch {
	case gid != nil:
		u.GID = *gid
	case len(image.Groups) > 0:
		u.GID = image.Groups[0]
	case u.UID != 0:
		b.note("the user's groups in the image are not known: assumed to be only group 0")
	}
	if len(image.Groups) > 0 {
		u.AdditionalGids = slices.Clone(image.Groups[1:])
	}
	u.AdditionalGids = append(append(u.AdditionalGids, u.GID), p.SupplementalGroups...)
	if p.FSGroup != nil {
		u.AdditionalGids = append(u.AdditionalGids, *p.FSGroup)
	}
	slices.Sort(u.AdditionalGids)
	u.AdditionalGids = slices.Compact(u.AdditionalGids)
	return u
}

// noteRefusal notes that the kubelet does not start an image of root, or one that names its user,
// where runAsNonRoot is set.
func (b *builder) noteRefusal(image *ImageUser, refusesRoot *bool) {
	switch {
	case refusesRoot == nil || !*refusesRoot:
	case image.UID == 0:
		b.note("the kubelet does not start it: the image runs as root and runAsNonRoot is true")
	case image.Name != "":
		b.note("the kubelet does not start it: the image names its user, and runAsNonRoot is true")
	}
}

// capabilities adds and drops as containerd does (internal/cri/opts,
// WithCapabilities): ALL first, then each name.
func (b *builder) capabilities() {
	c := &b.container.SecurityContext
	has := func(list []string, name string) bool {
		return slices.ContainsFunc(list, func(n string) bool { return strings.EqualFold(n, name) })
	}
	held := defaultCapabilities()
	if has(c.Capabilities.Add, "ALL") {
		held = allCapabilities()
	}
	if has(c.Capabilities.Drop, "ALL") {
		held = nil
	}
	for _, name := range c.Capabilities.Add {
		if name = "CAP_" + strings.ToUpper(name); name != "CAP_ALL" && !slices.Contains(held, name) {
			held = append(held, name)
		}
	}
	held = slices.DeleteFunc(held, func(n string) bool { return has(c.Capabilities.Drop, strings.TrimPrefix(n, "CAP_")) })
	if c.Privileged {
		held = allCapabilities()
	}
	b.spec.Process.Capabilities = &specs.LinuxCapabilities{
		Bounding: slices.Clone(held), Effective: slices.Clone(held), Permitted: slices.Clone(held),
	}
}

func defaultCapabilities() []string {
	return []string{
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
		"CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
	}
}

func allCapabilities() []string {
	var out []string
	for _, c := range capability.ListKnown() {
		out = append(out, "CAP_"+strings.ToUpper(c.String()))
	}
	return out
}

// label gives the SELinux labels: containerd's, with the parts that are asked
// for. A container that asks for nothing gets the parts of its pod's. A
// privileged container's process has no label.
//
// Source: containerd, internal/cri/server (buildLinuxSpec);
// github.com/opencontainers/selinux, label.InitLabels.
func (b *builder) label() {
	const user, role, process, files, level = "system_u", "system_r", "container_t", "container_file_t", "s0:c1,c2"
	o := cmp.Or(b.container.SecurityContext.SELinuxOptions, b.pod.Spec.SecurityContext.SELinuxOptions)
	owner, mls := cmp.Or(o.User, user), cmp.Or(o.Level, level)
	b.spec.Linux.MountLabel = strings.Join([]string{owner, "object_r", files, mls}, ":")
	if !b.container.SecurityContext.Privileged {
		b.spec.Process.SelinuxLabel = strings.Join([]string{owner, cmp.Or(o.Role, role), cmp.Or(o.Type, process), mls}, ":")
	}
}

// maskedPaths and readonlyPaths are those of a container whose procMount is
// Default (Kubernetes, pkg/securitycontext).
func maskedPaths() []string {
	return []string{
		"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
		"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
		"/sys/devices/virtual/powercap",
	}
}

func readonlyPaths() []string {
	return []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
}
