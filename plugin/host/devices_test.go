package host

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/plugin/mounts"
)

func TestDeviceDriver(t *testing.T) {
	root := tree(t, map[string]string{
		"proc/devices": "Character devices:\n  1 mem\n  4 /dev/vc/0\n  4 tty\n195 nvidia\n195 nvidiactl\n511 nvidia-uvm\n\nBlock devices:\n  8 sd\n259 blkext\n511 x\n",
		"proc/misc":    "229 fuse\n125 sgx_enclave\n",
	})
	h := New(root, "")
	for _, tt := range []struct {
		block        bool
		major, minor int64
		want         string
	}{
		{false, 1, 3, "mem"},
		{false, 511, -1, "nvidia-uvm"},
		{true, 511, 0, "x"},
		{true, 8, 0, "sd"},
		{false, 8, 0, ""},
		{false, 4, 1, ""}, // several
		{false, 195, 0, ""},
		{false, 10, 229, "fuse"},
		{false, 10, 125, "sgx_enclave"},
		{false, 10, -1, ""},
		{true, 10, 229, ""},
		{false, -1, 0, ""},
	} {
		if got := h.DeviceDriver(tt.block, tt.major, tt.minor); got != tt.want {
			t.Errorf("%v %d:%d is %q, want %q", tt.block, tt.major, tt.minor, got, tt.want)
		}
	}
	if got := New(t.TempDir(), "").DeviceDriver(false, 1, 3); got != "" {
		t.Errorf("a node without /proc says %q", got)
	}
}

func TestPodBlockDevice(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to make devices")
	}
	const dir, uid = "var/lib/kubelet/pods/", "1-2"
	root := tree(t, map[string]string{
		dir + "1-2/volumeDevices/kubernetes.io~csi/file": "", dir + "other/volumeDevices/kubernetes.io~csi/x": "",
		"var/lib/kubelet/plugins/p/x": "", "dev/x": "",
	})
	node := func(name string, minor uint32, kind uint32) {
		if err := unix.Mknod(filepath.Join(root, name), kind|0o600, int(unix.Mkdev(252, minor))); err != nil {
			t.Skipf("cannot make devices: %v", err)
		}
	}
	node("var/lib/kubelet/plugins/p/linked", 1, unix.S_IFBLK)
	node(dir+"1-2/volumeDevices/kubernetes.io~csi/direct", 2, unix.S_IFBLK)
	node(dir+"1-2/volumeDevices/kubernetes.io~csi/character", 3, unix.S_IFCHR)
	node(dir+"other/volumeDevices/kubernetes.io~csi/others", 4, unix.S_IFBLK)
	node("dev/disk", 5, unix.S_IFBLK)
	for link, to := range map[string]string{"link": "/var/lib/kubelet/plugins/p/linked", "dangling": "/nothing", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(root, dir, uid, "volumeDevices/kubernetes.io~csi", link)); err != nil {
			t.Fatal(err)
		}
	}
	h := New(root, "")
	for _, tt := range []struct {
		uid   string
		minor int64
		want  bool
	}{
		{uid, 1, true}, {uid, 2, true}, {uid, 3, false}, {uid, 4, false}, {uid, 5, false}, {"other", 4, true},
		{"*", 1, false}, {"../pods/1-2", 1, false}, {"", 1, false}, {".", 1, false}, {"..", 1, false}, {"none", 1, false},
	} {
		if got := h.PodBlockDevice(tt.uid, 252, tt.minor); got != tt.want {
			t.Errorf("pod %q, 252:%d: %v", tt.uid, tt.minor, got)
		}
	}
	if h.PodBlockDevice(uid, 8, 1) || New("", "").PodBlockDevice(uid, 252, 1) {
		t.Error("another major number, or a node that is not seen")
	}
}

func TestCgroupsDelegated(t *testing.T) {
	const (
		v2      = "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
		plain   = "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
		v1      = "31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		nothing = "20 1 8:1 / / rw - ext4 /dev/sda1 rw,x=,nsdelegate,\n"
	)
	for table, want := range map[string]bool{v2: true, nothing + v2: true, plain: false, v1: false, v2 + v1: false, v2 + plain: false, nothing: false, "": false} {
		parsed, err := mounts.Parse([]byte(table))
		if got := delegated(parsed); got != want || err != nil {
			t.Errorf("%q: %v, %v", table, got, err)
		}
	}
}
