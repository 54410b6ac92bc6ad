package build

import "fmt"

// Programs of Debian's packages.
const (
	Buildah = "/usr/bin/buildah" // builds container images
	Busybox = "/bin/busybox"     // statically linked; test images are made of it
	CNI     = "/usr/lib/cni"     // the folder of plugins that make networks of pods
	Conmon  = "/usr/bin/conmon"  // watches over CRI-O's containers
	Skopeo  = "/usr/bin/skopeo"  // puts images in CRI-O's store
)

// packageFiles names one file of each Debian package that is needed. Any of
// the alternatives will do.
var packageFiles = map[string][]string{
	"buildah":                     {Buildah},
	"busybox-static":              {"/usr/share/doc/busybox-static"},
	"conmon":                      {Conmon},
	"containernetworking-plugins": {CNI + "/bridge"},
	"debootstrap":                 {"/usr/sbin/debootstrap"},
	"e2fsprogs":                   {"/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"},
	"iproute2":                    {"/usr/sbin/ip", "/usr/bin/ip", "/bin/ip"},
	"iptables":                    {"/usr/sbin/iptables"},
	"libseccomp-dev":              {"/usr/include/seccomp.h"},
	"pkg-config":                  {"/usr/bin/pkg-config"},
	"qemu-system-x86":             {"/usr/bin/qemu-system-x86_64"},
	"runc":                        {debianRunc},
	"skopeo":                      {Skopeo},
	"systemd":                     {"/usr/bin/systemd-analyze"},
	"xz-utils":                    {"/usr/bin/xz"},
}

// Package reports, in one line, that a Debian package is not installed.
func Package(name string) error {
	for _, file := range packageFiles[name] {
		if exists(file) {
			return nil
		}
	}
	return fmt.Errorf("the Debian package %s is not installed", name)
}
