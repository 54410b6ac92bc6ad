package cri

import (
	"fmt"
	"os"
	"runtime"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// A ContainerOption changes a container before it is created.
type ContainerOption func(*api.ContainerConfig)

// Container returns what a kubelet sends for a container that sets nothing of
// its own: root, the runtime's default capabilities, the default masked and
// read-only paths of Kubernetes 1.36, and no seccomp profile.
func Container(name, image string, command []string, options ...ContainerOption) *api.ContainerConfig {
	config := &api.ContainerConfig{
		Metadata: &api.ContainerMetadata{Name: name},
		Image:    &api.ImageSpec{Image: image, UserSpecifiedImage: image},
		Command:  command,
		LogPath:  name + ".log",
		Labels:   map[string]string{labelContainerName: name},
		Annotations: map[string]string{
			"io.kubernetes.container.restartCount":             "0",
			"io.kubernetes.container.terminationMessagePath":   "/dev/termination-log",
			"io.kubernetes.container.terminationMessagePolicy": "File",
			"io.kubernetes.pod.terminationGracePeriod":         "30",
		},
		Linux: &api.LinuxContainerConfig{
			Resources: &api.LinuxContainerResources{CpuShares: 2, OomScoreAdj: 1000},
			SecurityContext: &api.LinuxContainerSecurityContext{
				NamespaceOptions: &api.NamespaceOption{
					Network: api.NamespaceMode_NODE,
					Pid:     api.NamespaceMode_CONTAINER,
					Ipc:     api.NamespaceMode_POD,
				},
				RunAsUser:     &api.Int64Value{Value: 0},
				MaskedPaths:   maskedPaths(),
				ReadonlyPaths: []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
				Seccomp:       &api.SecurityProfile{ProfileType: api.SecurityProfile_Unconfined},
			},
		},
	}
	for _, option := range options {
		option(config)
	}
	return config
}

// maskedPaths is Kubernetes 1.36's default, with one entry for each CPU that
// reports thermal throttling.
func maskedPaths() []string {
	paths := []string{
		"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys",
		"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
		"/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
	}
	for cpu := range runtime.NumCPU() {
		path := fmt.Sprintf("/sys/devices/system/cpu/cpu%d/thermal_throttle", cpu)
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

// security makes an option that changes the security context.
func security(change func(*api.LinuxContainerSecurityContext)) ContainerOption {
	return func(c *api.ContainerConfig) { change(c.Linux.SecurityContext) }
}

// User runs the container as a uid.
func User(uid int64) ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) {
		s.RunAsUser, s.RunAsUsername = &api.Int64Value{Value: uid}, ""
	})
}

// Username runs the container as a user that the image's passwd file names,
// which is what a kubelet sends for an image whose User is a name.
func Username(name string) ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) {
		s.RunAsUser, s.RunAsUsername = nil, name
	})
}

// Group runs the container under a gid and supplemental groups.
func Group(gid int64, supplemental ...int64) ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) {
		s.RunAsGroup, s.SupplementalGroups = &api.Int64Value{Value: gid}, supplemental
	})
}

// Capabilities adds and drops capabilities, named without CAP_; ALL is allowed.
func Capabilities(add, drop []string) ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) {
		s.Capabilities = &api.Capability{AddCapabilities: add, DropCapabilities: drop}
	})
}

// Privileged makes the container privileged; its pod must be a [PrivilegedPod].
func Privileged() ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) {
		s.Privileged = true
		s.MaskedPaths, s.ReadonlyPaths = nil, nil
	})
}

// ReadOnlyRootfs mounts the container's root filesystem read-only.
func ReadOnlyRootfs() ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) { s.ReadonlyRootfs = true })
}

// NoNewPrivs is allowPrivilegeEscalation: false.
func NoNewPrivs() ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) { s.NoNewPrivs = true })
}

// Unmasked is procMount: Unmasked.
func Unmasked() ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) { s.MaskedPaths, s.ReadonlyPaths = nil, nil })
}

// RuntimeDefaultSeccomp is seccompProfile: RuntimeDefault.
func RuntimeDefaultSeccomp() ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) {
		s.Seccomp = &api.SecurityProfile{ProfileType: api.SecurityProfile_RuntimeDefault}
	})
}

// LocalhostSeccomp is seccompProfile: Localhost with a file, by its path on the
// node, as the kubelet asks for it.
func LocalhostSeccomp(file string) ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) {
		s.Seccomp = &api.SecurityProfile{ProfileType: api.SecurityProfile_Localhost, LocalhostRef: file}
	})
}

// AppArmor asks for a profile that is loaded on the node.
func AppArmor(profile string) ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) {
		s.Apparmor = &api.SecurityProfile{ProfileType: api.SecurityProfile_Localhost, LocalhostRef: profile}
	})
}

// UnconfinedAppArmor asks for no AppArmor profile, where the node has AppArmor.
func UnconfinedAppArmor() ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) {
		s.Apparmor = &api.SecurityProfile{ProfileType: api.SecurityProfile_Unconfined}
	})
}

// SELinux sets the process label.
func SELinux(options *api.SELinuxOption) ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) { s.SelinuxOptions = options })
}

// ShareNamespaces shares the node's pid and ipc namespaces.
func ShareNamespaces(pid, ipc bool) ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) { share(s.NamespaceOptions, pid, ipc) })
}

// InPodNetwork is for the containers of a pod with [PodNetwork].
func InPodNetwork() ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) { s.NamespaceOptions.Network = api.NamespaceMode_POD })
}

// InUserNamespace is for the containers of a pod with [UserNamespace].
func InUserNamespace() ContainerOption {
	return security(func(s *api.LinuxContainerSecurityContext) { s.NamespaceOptions.UsernsOptions = userNamespace() })
}

// Image runs another image: the one that the runtime knows by id or name,
// which the pod's author has asked for as asked.
func Image(id, asked string) ContainerOption {
	return func(c *api.ContainerConfig) { c.Image = &api.ImageSpec{Image: id, UserSpecifiedImage: asked} }
}

// Resources sets the limits.
func Resources(resources *api.LinuxContainerResources) ContainerOption {
	return func(c *api.ContainerConfig) { c.Linux.Resources = resources }
}

// Env sets an environment variable.
func Env(key, value string) ContainerOption {
	return func(c *api.ContainerConfig) { c.Envs = append(c.Envs, &api.KeyValue{Key: key, Value: []byte(value)}) }
}

// Mount adds a bind mount of a host path, in any of its forms.
func Mount(mount *api.Mount) ContainerOption {
	return func(c *api.ContainerConfig) { c.Mounts = append(c.Mounts, mount) }
}

// HostPath mounts a path of the host, privately.
func HostPath(host, container string, readOnly bool) ContainerOption {
	return Mount(&api.Mount{HostPath: host, ContainerPath: container, Readonly: readOnly})
}

// Device passes a device of the host to the container, at the same path.
func Device(path, permissions string) ContainerOption { return DeviceAt(path, path, permissions) }

// DeviceAt passes a device of the host to the container, at a path of its own.
func DeviceAt(host, container, permissions string) ContainerOption {
	return func(c *api.ContainerConfig) {
		c.Devices = append(c.Devices, &api.Device{HostPath: host, ContainerPath: container, Permissions: permissions})
	}
}

// ContainerAnnotation adds an annotation to the container.
func ContainerAnnotation(key, value string) ContainerOption {
	return func(c *api.ContainerConfig) { c.Annotations[key] = value }
}
