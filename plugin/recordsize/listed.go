package recordsize

import (
	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// Pod is a pod as a runtime lists it outside NRI.
type Pod struct {
	ID, Name, Namespace, UID string
	RuntimeHandler           string
	Labels, Annotations      map[string]string
}

// Container is a container as a runtime lists it outside NRI.
type Container struct {
	ID, Name string
	Labels   map[string]string
	Spec     *specs.Spec
}

// Record returns the size of the record that NRI would send of the pod.
func (p Pod) Record() Record { return RecordOf(p.sandbox(), nil) }

// ContainerRecord returns the size of the record that NRI would send of a container of
// the pod, derived from the container's spec.
func (p Pod) ContainerRecord(c Container) Record {
	s := c.Spec
	ctr := &api.Container{
		Id: c.ID, PodSandboxId: p.ID, Name: c.Name, Labels: c.Labels,
		Annotations: s.Annotations, Mounts: api.FromOCIMounts(s.Mounts), Hooks: api.FromOCIHooks(s.Hooks),
	}
	if s.Process != nil {
		ctr.Args, ctr.Env = s.Process.Args, s.Process.Env
	}
	if s.Linux != nil {
		ctr.Linux = &api.LinuxContainer{
			Namespaces: api.FromOCILinuxNamespaces(s.Linux.Namespaces), Devices: api.FromOCILinuxDevices(s.Linux.Devices),
			Resources: api.FromOCILinuxResources(s.Linux.Resources, nil), CgroupsPath: s.Linux.CgroupsPath, Sysctl: s.Linux.Sysctl,
		}
		if s.Linux.Seccomp != nil {
			ctr.Linux.SeccompPolicy = api.FromOCILinuxSeccomp(s.Linux.Seccomp)
		}
	}
	return RecordOf(p.sandbox(), ctr)
}

func (p Pod) sandbox() *api.PodSandbox {
	return &api.PodSandbox{
		Id: p.ID, Name: p.Name, Namespace: p.Namespace, Uid: p.UID,
		Labels: p.Labels, Annotations: p.Annotations, RuntimeHandler: p.RuntimeHandler,
	}
}
