package e2e_test

import (
	"testing"

	nri "github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

func TestRuleDevices(t *testing.T) {
	const (
		fuse     = "allowed: [{path: /dev/fuse, major: 10, minor: 229}]"
		readFuse = "allowed: [{path: /dev/fuse, major: 10, minor: 229, access: rm}]"
		makeFuse = "(test -e /f || mknod /f c 10 229) && "
		read     = makeFuse + "dd if=/f of=/dev/null count=0"
	)
	device := func(permissions string) []cri.ContainerOption {
		return []cri.ContainerOption{cri.Device("/dev/fuse", permissions)}
	}
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "devices",
			breaking: []breach{
				{
					// CRI-O does not give MKNOD by default.
					container: container{name: "one", options: append(device("rwm"), cri.Capabilities([]string{"MKNOD"}, nil))},
					found: []string{"devices /dev/fuse (c 10:229) not allowed (allowed: those of every container)",
						"use of devices c 10:229 rwm not allowed (allowed: those of every container)"},
					changes: []string{"linux.devices", "linux.resources"},
					stops:   []string{"test -c /dev/fuse", read, makeFuse + openForWriting("/f")},
					works:   []string{"echo x >/dev/null && head -c 1 /dev/urandom && test -e /dev/pts/ptmx"},
				},
				{
					container: container{name: "access", config: readFuse, options: append(device("rwm"), cri.Capabilities([]string{"MKNOD"}, nil))},
					found:     []string{"use of devices c 10:229 rwm not allowed (allowed: those of every container, /dev/fuse (c 10:229 rm))"},
					changes:   []string{"linux.resources"},
					stops:     []string{openForWriting("/dev/fuse")},
					works:     []string{"dd if=/dev/fuse of=/dev/null count=0", read},
				},
				{
					// Another device under the path of one that is allowed.
					container: container{name: "renamed", config: fuse, options: []cri.ContainerOption{cri.DeviceAt("/dev/kmsg", "/dev/fuse", "r")}},
					found: []string{"devices /dev/fuse (c 1:11) not allowed (allowed: those of every container, /dev/fuse (c 10:229 rwm))",
						"use of devices c 1:11 r not allowed (allowed: those of every container, /dev/fuse (c 10:229 rwm))"},
					changes: []string{"linux.devices", "linux.resources"},
					stops:   []string{"test -e /dev/fuse"},
				},
			},
			compliant: []container{
				{name: "by-path", config: "allowed: [{path: '/dev/f*', access: r}]", options: device("r")},
			},
		}
	})
}

func TestRuleRlimits(t *testing.T) {
	// files limits the number of open files, which only another plugin can.
	files := func(hard, soft uint64) *nri.ContainerAdjustment {
		a := &nri.ContainerAdjustment{}
		a.AddRlimit("RLIMIT_NOFILE", hard, soft)
		return a
	}
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "rlimits",
			breaking: []breach{
				{
					container: container{name: "high", config: "limits: [{type: RLIMIT_NOFILE, max: 1000}]", other: files(3000, 500)},
					found:     []string{"RLIMIT_NOFILE of 3000 is too high (allowed: at most 1000)"},
					changes:   []string{"process.rlimits"},
					stops:     []string{"test $(ulimit -Hn) = 3000", "grep 'open files.* 500 .* 3000 ' /proc/1/limits", "ulimit -Sn 2000"},
					works:     []string{"test $(ulimit -Hn) = 1000", "grep 'open files.* 500 .* 1000 ' /proc/1/limits"},
				},
				{
					container: container{name: "required", config: "limits: [{type: RLIMIT_NOFILE, required: true}]"},
					found:     []string{"RLIMIT_NOFILE is not set (allowed: any limit)"},
				},
				{
					container: container{name: "default", config: "limits: [{type: RLIMIT_NOFILE, max: 800, required: true}, {type: RLIMIT_CORE, required: true}]",
						apply: "limits: [{type: RLIMIT_NOFILE, default: 700, max: 800}, {type: RLIMIT_CORE, default: 0}]"},
					found:   []string{"RLIMIT_NOFILE is not set (allowed: at most 800)", "RLIMIT_CORE is not set (allowed: any limit)"},
					changes: []string{"process.rlimits"},
					works:   []string{"test $(ulimit -Hn) = 700", "grep 'open files.* 700 .* 700 ' /proc/1/limits", "test $(ulimit -Hc) = 0"},
				},
			},
			compliant: []container{
				{name: "low", config: "limits: [{type: RLIMIT_NOFILE, max: 1000, required: true}]", other: files(1000, 500)},
			},
		}
	})
}
