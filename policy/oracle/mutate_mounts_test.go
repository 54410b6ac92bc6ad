package oracle

import (
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func mountMutations() []mutation {
	one := func(c *choice, s *specs.Spec) *specs.Mount {
		if len(s.Mounts) == 0 {
			s.Mounts = []specs.Mount{{Destination: "/proc", Type: "proc", Source: "proc"}}
		}
		return &s.Mounts[c.n(len(s.Mounts))]
	}
	return []mutation{
		{"mount's options", func(c *choice, s *specs.Spec) { one(c, s).Options = options(c) }},
		{"more options", func(c *choice, s *specs.Spec) {
			m := one(c, s)
			m.Options = append(slices.Clone(m.Options), options(c)...)
		}},
		{"mount's type", func(c *choice, s *specs.Spec) { one(c, s).Type = anyType(c) }},
		{"mount's source", func(c *choice, s *specs.Spec) { one(c, s).Source = source(c) }},
		{"mount's place", func(c *choice, s *specs.Spec) { one(c, s).Destination = place(c) }},
		{"bind mount", func(c *choice, s *specs.Spec) {
			addMount(c, s, specs.Mount{
				Destination: place(c), Type: pick(c, "bind", "none", "", "proc", "tmpfs"), Source: source(c),
				Options: append([]string{pick(c, "bind", "rbind")}, options(c)...),
			})
		}},
		{"plain bind mount", func(c *choice, s *specs.Spec) {
			addMount(c, s, specs.Mount{
				Destination: place(c), Type: "bind", Source: source(c), Options: []string{"rbind", pick(c, "rprivate", "rshared", "rslave"), pick(c, "ro", "rw")},
			})
		}},
		{"other mount", func(c *choice, s *specs.Spec) {
			addMount(c, s, specs.Mount{Destination: place(c), Type: anyType(c), Source: pick(c, "x", source(c)), Options: options(c)})
		}},
		{"mount gone", func(c *choice, s *specs.Spec) {
			if len(s.Mounts) > 0 {
				at := c.n(len(s.Mounts))
				s.Mounts = slices.Delete(s.Mounts, at, at+1)
			}
		}},
		{"mounts swapped", func(c *choice, s *specs.Spec) {
			a, b := one(c, s), one(c, s)
			*a, *b = *b, *a
		}},
		{"ids of a mount", func(c *choice, s *specs.Spec) {
			m := one(c, s)
			m.UIDMappings = []specs.LinuxIDMapping{{HostID: pick[uint32](c, 0, 1000, 65536), Size: pick[uint32](c, 1, 65536)}}
			m.GIDMappings = pick(c, nil, m.UIDMappings)
		}},
	}
}

func addMount(c *choice, s *specs.Spec, m specs.Mount) {
	s.Mounts = slices.Insert(s.Mounts, c.n(len(s.Mounts)+1), m)
}

func options(c *choice) []string {
	return some(c, 5, strings.Fields(`ro rw rro rrw nosuid suid nodev dev noexec exec rnosuid rsuid rnodev rdev rnoexec rexec bind rbind private rprivate
		shared rshared slave rslave unbindable remount relatime mode=755 size=64k tmpcopyup idmap ridmap idmap=uids=0-0-1;gids=0-0-1
		lowerdir=/etc:/tmp upperdir=/b workdir=/c`)...)
}

func anyType(c *choice) string {
	return pick(c, strings.Split(`bind,none,,proc,sysfs,tmpfs,cgroup,cgroup2,devpts,mqueue,overlay,nfs,9p,ext4,BIND,rbind,securityfs,debugfs,tracefs,bpf,fuse,configfs,devtmpfs,Proc`, ",")...)
}

func place(c *choice) string {
	return pick(c, "/data", "/data/x", "/", "/proc", "/sys", "/sys/fs/cgroup", "/dev", "/dev/shm", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/tmp",
		"/run", "/var/run", "//data//", "/data/../sys", "sys", "/proc2", "/cache", "/cache/y", "/proc/sys", "/sys/firmware", "/dev/pts", "/dev/mqueue")
}

// source is a path of the host, of the pod, of another or of the runtime.
func source(c *choice) string {
	volumes := podDir + "/volumes/kubernetes.io~"
	return pick(c, "/", "/etc", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/proc", "/sys", "/dev", "/dev/sda", "/dev/shm",
		"/var/lib/kubelet", "/var/lib/kubelet/pods", "/var/run/netns", "/srv/link", "/srv/link/x", "/srv/data", "/srv/data/x", "/var/log", "/var/lib/x", "tmpfs", "", "..",
		podDir, podDir+"/volumes", podDir+"/volumes/kubernetes.io~empty-dir", podDir+"/etc-hosts", podDir+"/plugins/x/y", podDir+"x/volumes/kubernetes.io~empty-dir/x",
		volumes+"empty-dir/cache", volumes+"empty-dir/cache/a", volumes+"empty-dir/../../../../..", volumes+"csi/pvc/mount", volumes+"csi/pvc", volumes+"nfs/n",
		volumes+"local-volume/l", volumes+"secret/s", volumes+"configmap/c", volumes+"git-repo/g", podDir+"/volumes/a~b/c", "/"+volumes+"empty-dir/cache",
		podDir+"/containers/"+container+"/aaaa", podDir+"/containers/other/aaaa", subPath, podDir+"/volume-subpaths/v/"+container+"/1",
		"/var/lib/kubelet/pods/other/volumes/kubernetes.io~empty-dir/x",
		runtimeDir+"/sandboxes/"+podID+"/hostname", runtimeDir+"/sandboxes/other/hostname", "/evil/io.containerd.grpc.v1.cri/sandboxes/"+podID+"/hostname",
		runDir+"/sandboxes/"+podID+"/shm", runtimeDir+"/image-volumes/"+podID+"/a/b", runtimeDir+"/containers/"+containerID+"/volumes/v1",
		runtimeDir+"/containers/other/volumes/v1", "/x-containers/"+podID+"/userdata/shm", "/x-containers/"+containerID+"/userdata/mounts/x")
}
