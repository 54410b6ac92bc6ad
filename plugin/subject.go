package plugin

import (
	"fmt"
	"slices"

	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/mod/semver"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// containerNameLabel names the container where the runtime's NRI does not
// (CRI-O).
const containerNameLabel = "io.kubernetes.container.name"

// imageNameAnnotation is the image reference that a container was asked for
// with, as containerd writes it on the spec. (1.7 writes the reference under
// which it keeps the image.)
const imageNameAnnotation = "io.kubernetes.cri.image-name"

// containerd is the name that containerd gives itself.
const containerd = "containerd"

// CRI-O is the name that CRI-O gives itself, and what it writes on the spec of
// the image: the name under which it keeps it, and the one that the container
// was asked for with. It writes them over what a pod's annotations say.
const (
	crio           = "cri-o"
	crioImage      = "io.kubernetes.cri-o.ImageName"
	crioAskedImage = "io.kubernetes.cri-o.Image"
)

// subjectOf is what the runtime's NRI shows of a container, with the part of
// its spec that every version of NRI shows.
func subjectOf(runtime string, pod *api.PodSandbox, ctr *api.Container) policy.Subject {
	name := ctr.GetName()
	if label := ctr.GetLabels()[containerNameLabel]; label != "" {
		name = label
	}
	sub := policy.Subject{
		Pod: policy.Pod{
			Name:           pod.GetName(),
			Namespace:      pod.GetNamespace(),
			UID:            pod.GetUid(),
			ID:             pod.GetId(),
			Labels:         pod.GetLabels(),
			RuntimeHandler: handlerOf(runtime, pod),
			Annotations:    policy.ObeyedAnnotations(pod.GetAnnotations()),
			Namespaces:     namespaceTypes(pod),
			NamespacePaths: namespacePaths(runtime, pod),
		},
		Container: policy.Container{Name: name, ID: ctr.GetId()},
		Spec:      partialSpec(ctr),
	}
	// CRI-O shows the host's IPC namespace by a path, as it does a pod's own.
	sub.Pod.NamespacePathsUnseen = runtime == crio
	image, asked := images(runtime, ctr)
	sub.Container.Image = image
	if asked != "" {
		sub.Container.OtherImages = []string{asked}
	}
	return sub
}

// images are the reference under which the runtime keeps the container's image,
// "" where it does not tell, and the one that the container was asked for with.
// CRI-O copies a pod's annotations to its containers: there anybody could have
// written containerd's.
func images(runtime string, ctr *api.Container) (image, asked string) {
	if runtime == crio {
		return ctr.GetAnnotations()[crioImage], ctr.GetAnnotations()[crioAskedImage]
	}
	return ctr.GetImage().GetName(), ctr.GetAnnotations()[imageNameAnnotation]
}

// addImages adds references under which the runtime keeps the container's
// image; "" is none.
func addImages(c *policy.Container, images ...string) {
	for _, image := range images {
		switch {
		case image == "":
		case c.Image == "":
			c.Image = image
		default:
			c.OtherImages = append(c.OtherImages, image)
		}
	}
}

// namespaceTypes lists the namespaces that the pod has of its own; never nil,
// so that a runtime that shows none is taken to share all of the host's.
func namespaceTypes(pod *api.PodSandbox) []string {
	types := []string{}
	for _, n := range pod.GetLinux().GetNamespaces() {
		types = append(types, n.GetType())
	}
	return types
}

// namespacePaths are the paths by which a runtime has containers join the
// namespaces of the pod: those that it shows of the sandbox, and on containerd
// those of the sandbox's process. Where there is neither nothing is known.
func namespacePaths(runtime string, pod *api.PodSandbox) map[string][]string {
	out := make(map[string][]string)
	for _, n := range pod.GetLinux().GetNamespaces() {
		if n.GetPath() != "" {
			out[n.GetType()] = append(out[n.GetType()], n.GetPath())
		}
	}
	if runtime != containerd || pod.GetPid() == 0 {
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

// showsMoreSince is the first version of NRI whose containerd shows a
// container's seccomp profile and sysctls when it is created. (NRI has fields
// for them from 0.11 on, which containerd 2.2 leaves empty.)
const showsMoreSince = "v0.12.0"

// showMore adds to the spec what newer NRIs show, if this one does.
func (p *Plugin) showMore(sub policy.Subject, ctr *api.Container) policy.Subject {
	nri := p.conn.runtimeVersion()
	if p.conn.runtimeName() != containerd || !semver.IsValid(nri) || semver.Compare(nri, showsMoreSince) < 0 {
		return sub
	}
	sub.ShowsMore = true
	sub.Spec.Linux.Sysctl = ctr.GetLinux().GetSysctl()
	if profile := ctr.GetLinux().GetSeccompPolicy(); profile != nil {
		sub.Spec.Linux.Seccomp = shownSeccomp(profile)
	}
	return sub
}

// hasSeal tells whether NRI shows that very seal, whole.
func hasSeal(hooks, s *api.Hooks) bool {
	return hasHooks(hooks.GetCreateRuntime(), s.GetCreateRuntime()) && hasHooks(hooks.GetCreateContainer(), s.GetCreateContainer())
}

func hasHooks(all, some []*api.Hook) bool {
	for _, want := range some {
		if !slices.ContainsFunc(all, func(h *api.Hook) bool {
			return h.GetPath() == want.GetPath() && slices.Equal(h.GetArgs(), want.GetArgs())
		}) {
			return false
		}
	}
	return true
}

// isSealed tells whether NRI shows a seal on the container, or a part of one.
func isSealed(hooks *api.Hooks) bool {
	return slices.ContainsFunc(slices.Concat(hooks.GetCreateRuntime(), hooks.GetCreateContainer()), func(h *api.Hook) bool {
		return seal.IsHook(specs.Hook{Path: h.GetPath(), Args: h.GetArgs()})
	})
}
