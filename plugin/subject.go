package plugin

import (
	"fmt"
	"slices"

	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/mod/semver"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// container returns what NRI shows of a container. pod may be nil.
func (p *Plugin) container(pod *api.PodSandbox, ctr *api.Container) judge.Container {
	return containerOf(p.conn.Runtime(), pod, ctr)
}

// containerOf returns what the runtime's NRI shows of a container, with the part of its
// spec that every version of NRI shows.
func containerOf(runtime containerruntime.Runtime, pod *api.PodSandbox, ctr *api.Container) judge.Container {
	image, asked := runtime.Images(ctr.GetImage().GetName(), ctr.GetAnnotations())
	out := judge.Container{
		Subject: policy.Subject{
			Pod: policy.Pod{
				Name:                pod.GetName(),
				Namespace:           pod.GetNamespace(),
				UID:                 pod.GetUid(),
				ID:                  pod.GetId(),
				Labels:              pod.GetLabels(),
				RuntimeHandler:      runtime.Handler(pod.GetRuntimeHandler(), pod.GetAnnotations()),
				Annotations:         policy.ObeyedAnnotations(pod.GetAnnotations()),
				LinuxNamespaces:     namespaceTypes(pod),
				LinuxNamespacePaths: namespacePaths(runtime, pod),

				// CRI-O shows the host's IPC namespace as a path, like a pod's own.
				NamespacePathsUnseen: runtime.Name == containerruntime.CRIO,
			},
			Container: policy.Container{
				Name: containerruntime.ContainerName(ctr.GetName(), ctr.GetLabels()), ID: ctr.GetId(), Image: image,
			},
			Spec: partialSpec(ctr),
		},
		Sealed:      isSealed(ctr.GetHooks()),
		ClaimsPorts: containerruntime.ClaimsPorts(pod.GetAnnotations(), pod.GetLabels()),
		Restored:    runtime.Restored(ctr.GetAnnotations()),
		PodUnknown:  pod == nil,
	}
	if asked != "" {
		out.Container.OtherImages = []string{asked}
	}
	return out
}

// listed returns all containers that NRI lists, and those of them that run or can run. A
// sealed container that has only been created cannot run.
func (p *Plugin) listed(pods []*api.PodSandbox, ctrs []*api.Container) (all, mayRun []judge.Container) {
	byID := make(map[string]*api.PodSandbox, len(pods))
	for _, pod := range pods {
		byID[pod.GetId()] = pod
	}
	for _, ctr := range ctrs {
		c := p.container(byID[ctr.GetPodSandboxId()], ctr)
		all = append(all, c)
		switch ctr.GetState() {
		case api.ContainerState_CONTAINER_STOPPED:
		case api.ContainerState_CONTAINER_RUNNING, api.ContainerState_CONTAINER_PAUSED:
			mayRun = append(mayRun, c)
		default:
			if !c.Sealed {
				mayRun = append(mayRun, c)
			}
		}
	}
	return all, mayRun
}

// namespaceTypes returns the types of the pod's own namespaces. It is never nil: if the
// runtime shows none, the pod counts as sharing all of the host's.
func namespaceTypes(pod *api.PodSandbox) []string {
	types := []string{}
	for _, n := range pod.GetLinux().GetNamespaces() {
		types = append(types, n.GetType())
	}
	return types
}

// namespacePaths returns the paths with which a container joins its pod's namespaces: those
// that the runtime shows of the sandbox, and on containerd those of the sandbox's process.
// If there are neither, nothing is known.
func namespacePaths(runtime containerruntime.Runtime, pod *api.PodSandbox) map[string][]string {
	out := make(map[string][]string)
	for _, n := range pod.GetLinux().GetNamespaces() {
		if n.GetPath() != "" {
			out[n.GetType()] = append(out[n.GetType()], n.GetPath())
		}
	}
	if runtime.Name != containerruntime.Containerd || pod.GetPid() == 0 {
		return out
	}
	for typ, file := range map[string]string{"network": "net", "ipc": "ipc", "uts": "uts", "user": "user"} {
		out[typ] = append(out[typ], fmt.Sprintf("/proc/%d/ns/%s", pod.GetPid(), file))
	}
	return out
}

func partialSpec(ctr *api.Container) *specs.Spec {
	spec := &specs.Spec{Annotations: ctr.GetAnnotations(), Linux: &specs.Linux{CgroupsPath: ctr.GetLinux().GetCgroupsPath()}}
	for _, m := range ctr.GetMounts() {
		spec.Mounts = append(spec.Mounts, specs.Mount{
			Destination: m.GetDestination(), Type: m.GetType(), Source: m.GetSource(), Options: m.GetOptions(),
		})
	}
	for _, n := range ctr.GetLinux().GetNamespaces() {
		spec.Linux.Namespaces = append(spec.Linux.Namespaces, specs.LinuxNamespace{
			Type: specs.LinuxNamespaceType(n.GetType()), Path: n.GetPath(),
		})
	}
	if r := ctr.GetLinux().GetResources(); r != nil {
		spec.Linux.Resources = r.ToOCI()
	}
	return spec
}

// showsMoreSince is the first version of NRI with which containerd shows a container's
// seccomp profile and sysctls when it is created. (NRI has the fields since 0.11, but
// containerd 2.2 leaves them empty.)
const showsMoreSince = "v0.12.0"

// showMore adds to the spec what newer versions of NRI show.
func (p *Plugin) showMore(sub *policy.Subject, ctr *api.Container) {
	nri := p.conn.nriVersion()
	if p.conn.Runtime().Name != containerruntime.Containerd || !semver.IsValid(nri) || semver.Compare(nri, showsMoreSince) < 0 {
		return
	}
	sub.ShowsMore = true
	sub.Spec.Linux.Sysctl = ctr.GetLinux().GetSysctl()
	if profile := ctr.GetLinux().GetSeccompPolicy(); profile != nil {
		sub.Spec.Linux.Seccomp = seccompProfile(profile)
	}
}

// seccompProfile returns the profile with everything that NRI shows of it, because a
// tightened profile is sent back.
func seccompProfile(p *api.LinuxSeccomp) *specs.LinuxSeccomp {
	out := &specs.LinuxSeccomp{
		DefaultAction:    specs.LinuxSeccompAction(p.GetDefaultAction()),
		ListenerPath:     p.GetListenerPath(),
		ListenerMetadata: p.GetListenerMetadata(),
		Syscalls:         api.ToOCILinuxSyscalls(p.GetSyscalls()),
	}
	if p.GetDefaultErrno() != nil {
		errno := uint(p.GetDefaultErrno().GetValue())
		out.DefaultErrnoRet = &errno
	}
	for _, a := range p.GetArchitectures() {
		out.Architectures = append(out.Architectures, specs.Arch(a))
	}
	for _, f := range p.GetFlags() {
		out.Flags = append(out.Flags, specs.LinuxSeccompFlag(f))
	}
	return out
}

// hooksOf returns the hooks of a container that can contain a seal.
func hooksOf(h *api.Hooks) specs.Hooks {
	var out specs.Hooks
	for _, hook := range h.GetCreateRuntime() {
		out.CreateRuntime = append(out.CreateRuntime, hook.ToOCI())
	}
	for _, hook := range h.GetCreateContainer() {
		out.CreateContainer = append(out.CreateContainer, hook.ToOCI())
	}
	return out
}

// isSealed reports whether NRI shows a seal on the container, or a part of one.
func isSealed(hooks *api.Hooks) bool {
	return slices.ContainsFunc(slices.Concat(hooks.GetCreateRuntime(), hooks.GetCreateContainer()), func(h *api.Hook) bool {
		return seal.IsHook(specs.Hook{Path: h.GetPath(), Args: h.GetArgs()})
	})
}
