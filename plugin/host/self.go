package host

import (
	"os"
	"regexp"
)

// podHosts matches a mount of the hosts file that the kubelet keeps for a pod
// (proc_pid_mountinfo(5): the root, then the mount point).
var podHosts = regexp.MustCompile(`(?m)^\S+ \S+ \S+ \S*/pods/([^/ ]+)/etc-hosts /etc/hosts `)

// OwnPod returns the UID of the pod in which this process runs; "" if it seems to run in
// none.
func OwnPod() string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	return podOf(mounts)
}

func podOf(mountinfo []byte) string {
	m := podHosts.FindSubmatch(mountinfo)
	if m == nil {
		return ""
	}
	return string(m[1])
}
