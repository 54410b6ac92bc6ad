package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/policy"
)

// tree makes files below a new root; a content "-> x" makes a symlink, a name
// that ends in a slash a directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		target, link := strings.CutPrefix(content, "-> ")
		switch {
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(file, 0o755)
		case link:
			err = os.Symlink(target, file)
		default:
			err = os.WriteFile(file, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestResolvePath(t *testing.T) {
	h := New(tree(t, map[string]string{
		"run/app/sock": "",
		"var/run":      "-> /run",
		"data/up":      "-> ../../../../etc/x",
		"data/rel":     "-> in/side",
		"data/in/side": "",
		"data/loop":    "-> loop",
		"etc/x":        "",
	}), "")
	for in, want := range map[string]string{
		"/":                   "/",
		"/run/app/sock":       "/run/app/sock",
		"/var/run/app/sock":   "/run/app/sock",
		"/var/run/none/at/al": "/run/none/at/al",
		"/data/up":            "/etc/x",
		"/data/rel":           "/data/in/side",
		"/none":               "/none",
	} {
		if got, _, err := h.ResolvePath(in); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", in, got, err, want)
		}
	}
	if got, _, err := h.ResolvePath("/data/loop"); err == nil || errors.Is(err, policy.ErrNotVisible) || strings.Contains(err.Error(), h.root) {
		t.Errorf("loop: %q, %v", got, err)
	}
}

// TestResolvePathLinks: the links that are followed are told in their real
// places, in the order in which they are followed.
func TestResolvePathLinks(t *testing.T) {
	h := New(tree(t, map[string]string{
		"run/app/x":    "",
		"var/run":      "-> /run",
		"run/app/l":    "-> ../../var/way",
		"var/way":      "-> /srv/./a/../b",
		"srv/b/c":      "",
		"srv/b/up":     "-> ..",
		"data":         "-> disk//data/",
		"disk/data/in": "",
	}), "")
	for in, want := range map[string]struct {
		path  string
		links []string
	}{
		"/run/app/x":          {"/run/app/x", nil},
		"/var/run/app/x":      {"/run/app/x", []string{"/var/run"}},
		"/var/run/app/l/c":    {"/srv/b/c", []string{"/var/run", "/run/app/l", "/var/way"}},
		"/srv/b/up/b/c":       {"/srv/b/c", []string{"/srv/b/up"}},
		"/data/in":            {"/disk/data/in", []string{"/data"}},
		"/data":               {"/disk/data", []string{"/data"}},
		"/data/none/at/all":   {"/disk/data/none/at/all", []string{"/data"}},
		"/var/run/app/l/none": {"/srv/b/none", []string{"/var/run", "/run/app/l", "/var/way"}},
	} {
		got, links, err := h.ResolvePath(in)
		if err != nil || got != want.path || !slices.Equal(links, want.links) {
			t.Errorf("%s: %q over %q, %v; want %q over %q", in, got, links, err, want.path, want.links)
		}
	}
}

func TestRuntimeDirs(t *testing.T) {
	if got := New("", "").RuntimeDirs(); !slices.Equal(got, policy.DefaultRuntimeDirs()) {
		t.Error(got)
	}
	if got := New("", "", "/a", "/b").RuntimeDirs(); !slices.Equal(got, []string{"/a", "/b"}) {
		t.Error(got)
	}
}

func TestResolvePathNotVisible(t *testing.T) {
	if got, _, err := New("", "").ResolvePath("/a"); !errors.Is(err, policy.ErrNotVisible) || got != "/a" {
		t.Errorf("%q, %v", got, err)
	}
	// A root that is not there is a fault, not a host without files.
	if got, _, err := New(filepath.Join(t.TempDir(), "none"), "").ResolvePath("/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestResolvePathProc: what looks like a symlink in /proc leads into the files
// of a process, whatever its text says.
func TestResolvePathProc(t *testing.T) {
	h := New(tree(t, map[string]string{
		"proc/7/root":  "-> /",
		"proc/7/fd/3":  "-> /srv",
		"proc/sys/x":   "",
		"proc/self":    "-> 7",
		"srv/log/":     "",
		"srv/elsehow":  "-> /proc/7/root/srv",
		"dev/fd":       "-> /proc/self/fd",
		"procession/x": "-> /srv",
	}), "")
	for _, p := range []string{"/proc/7/root", "/proc/7/root/srv/log", "/proc/7/fd/3", "/proc/self", "/srv/elsehow/log", "/dev/fd/3"} {
		if got, _, err := h.ResolvePath(p); err == nil || errors.Is(err, policy.ErrNotVisible) || strings.Contains(err.Error(), h.root) {
			t.Errorf("%s: %q, %v", p, got, err)
		}
	}
	for in, want := range map[string]string{"/proc": "/proc", "/proc/sys/x": "/proc/sys/x", "/procession/x/log": "/srv/log"} {
		if got, _, err := h.ResolvePath(in); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", in, got, err, want)
		}
	}
	if got, _, err := New("/", "").ResolvePath("/proc/self/root/tmp"); err == nil {
		t.Errorf("on this host: %q", got)
	}
}

func TestKubeletDir(t *testing.T) {
	if got := New("", "").KubeletDir(); got != "/var/lib/kubelet" {
		t.Error(got)
	}
	if got := New("/host", "/data/kubelet/").KubeletDir(); got != "/data/kubelet" {
		t.Error(got)
	}
}

// TestPodVolume: what is mounted tells, not how it is called. A hostPath
// volume may have the name of another volume's directory.
func TestPodVolume(t *testing.T) {
	const pod = "/var/lib/kubelet/pods/3f2a/"
	root := tree(t, map[string]string{
		"var/lib/kubelet": "-> /data/kubelet",
		"data/kubelet/pods/3f2a/volumes/kubernetes.io~csi/pvc-1/mount/": "",
		"data/kubelet/pods/3f2a/volumes/empty/cache/":                   "",
		"data/kubelet/pods/3f2a/volumes/local/disk/":                    "",
		"data/kubelet/pods/3f2a/volumes/local/all/":                     "",
		"data/kubelet/pods/3f2a/volumes/empty/inner/":                   "",
		"data/kubelet/pods/4444/":                                       "",
	})
	h := New(root, "")
	dir := h.root + "/data/kubelet/pods/3f2a/"
	lines := []string{
		"1 0 8:1 / " + h.root + " rw - ext4 /dev/sda1 rw",
		"2 1 8:16 / " + dir + "volumes/kubernetes.io~csi/pvc-1/mount rw shared:1 - ext4 /dev/sdb rw",
		"3 1 8:1 /mnt/disk\\0401 " + dir + "volumes/local/disk rw - ext4 /dev/sda1 rw",
		"4 1 8:1 /data/kubelet/pods/3f2a/volumes/empty/cache/a " + dir + "volume-subpaths/cache/app/0 rw - ext4 /dev/sda1 rw",
		"5 1 8:16 /sub " + dir + "volume-subpaths/pvc-1/app/1 rw - ext4 /dev/sdb rw",
		"6 1 8:1 /etc " + dir + "volume-subpaths/pvc-1/app/2 rw - ext4 /dev/sda1 rw",
		"17 1 8:1 /data/kubelet/pods/3f2a/volumes/kubernetes.io~csi/pvc-1 " + dir + "volume-subpaths/pvc-1/app/8 rw - ext4 /dev/sda1 rw",
		"7 1 8:1 /data/kubelet/pods/3f2a/volumes/empty/cached " + dir + "volume-subpaths/cache/app/3 rw - ext4 /dev/sda1 rw",
		"8 1 8:1 /mnt/disk\\0401/x " + dir + "volume-subpaths/disk/app/4 rw - ext4 /dev/sda1 rw",
		"9 1 8:1 /mnt/disk\\0402 " + dir + "volume-subpaths/disk/app/5 rw - ext4 /dev/sda1 rw",
		"10 1 8:1 /data/kubelet/pods/3f2a/volumes/empty/cache " + dir + "volume-subpaths/cache/app/6 rw - ext4 /dev/sda1 rw",
		"11 10 8:1 /root " + dir + "volume-subpaths/cache/app/6 rw - ext4 /dev/sda1 rw",
		"12 1 8:32 /data/kubelet/pods/3f2a/volumes/empty/cache " + dir + "volume-subpaths/cache/app/7 rw - ext4 /dev/sdc rw",
		"13 1 8:48 / " + dir + "volumes/local/all rw - ext4 /dev/sdd rw",
		"14 1 8:48 /in/it " + dir + "volumes/empty/inner rw - ext4 /dev/sdd rw",
		"15 1 8:48 /in/it/x " + dir + "volume-subpaths/cache/app/9 rw - ext4 /dev/sdd rw",
		"16 1 8:48 /in " + dir + "volume-subpaths/all/app/0 rw - ext4 /dev/sdd rw",
	}
	h.mounts = filepath.Join(t.TempDir(), "mountinfo")
	if err := os.WriteFile(h.mounts, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, uid, path string
		plugin          string
		ok              bool
	}{
		{"directory", "3f2a", "cache/app/0", "empty", true},
		{"file system", "3f2a", "pvc-1/app/1", "kubernetes.io~csi", true},
		{"hostPath with another volume's name", "3f2a", "pvc-1/app/2", "", true},
		{"the directory of a CSI driver's volume", "3f2a", "pvc-1/app/8", "", true},
		{"beside the directory", "3f2a", "cache/app/3", "", true},
		{"bind", "3f2a", "disk/app/4", "local", true},
		{"beside the bind", "3f2a", "disk/app/5", "", true},
		{"hidden by another mount", "3f2a", "cache/app/6", "", true},
		{"another file system", "3f2a", "cache/app/7", "", true},
		{"a volume within another's place", "3f2a", "cache/app/9", "empty", true},
		{"around it", "3f2a", "all/app/0", "local", true},
		{"not mounted", "3f2a", "cache/app/8", "", false},
		{"pod without volumes", "4444", "cache/app/0", "", false},
		{"no pod", "", "cache/app/0", "", false},
		{"no uid", "../pods/3f2a", "cache/app/0", "", false},
	} {
		p := strings.Replace(pod, "/var/lib", "/data", 1) + "volume-subpaths/" + tt.path
		if plugin, ok := h.PodVolume(tt.uid, p); plugin != tt.plugin || ok != tt.ok {
			t.Errorf("%s: %q, %v, want %q, %v", tt.name, plugin, ok, tt.plugin, tt.ok)
		}
	}
	if plugin, ok := New("", "").PodVolume("3f2a", "/x"); plugin != "" || ok {
		t.Error("seen without a root")
	}
}

func TestAppArmor(t *testing.T) {
	const enabled, dir = "sys/module/apparmor/parameters/enabled", "sys/kernel/security/apparmor/"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  policy.LSM
	}{
		{"on", map[string]string{enabled: "Y\n"}, policy.Enabled},
		{"off", map[string]string{enabled: "N\n"}, policy.Disabled},
		{"not in the kernel", map[string]string{"sys/module/ext4/": ""}, policy.Disabled},
		{"no sysfs", map[string]string{"sys/": ""}, policy.Unknown},
		{"empty sysfs", map[string]string{"sys/module/": ""}, policy.Unknown},
		{"neither yes nor no", map[string]string{enabled: "?"}, policy.Unknown},
	} {
		got := New(tree(t, tt.files), "").AppArmor()
		if got.State != tt.want || got.Profiles != nil {
			t.Errorf("%s: %+v, want %v", tt.name, got, tt.want)
		}
	}
	root := tree(t, map[string]string{
		enabled:          "Y\n",
		dir + "revision": "7\n",
		dir + "profiles": "cri-containerd.apparmor.d (enforce)\n/usr/bin/a b (complain)\nodd\n",
	})
	h := New(root, "")
	has := func(names ...string) bool {
		p := h.AppArmor().Profiles
		for _, n := range names {
			if _, loaded := p[n]; !loaded {
				return false
			}
		}
		return len(p) == len(names)
	}
	if p := h.AppArmor().Profiles; !p["cri-containerd.apparmor.d"] || p["/usr/bin/a b"] {
		t.Errorf("enforcing: %v", p)
	}
	write := func(file, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, dir, file), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !has("cri-containerd.apparmor.d", "/usr/bin/a b") {
		t.Errorf("%v", h.AppArmor().Profiles)
	}
	h.AppArmor().Profiles["forged"] = true // a copy
	write("profiles", "web (enforce)\n")
	if !has("cri-containerd.apparmor.d", "/usr/bin/a b") {
		t.Errorf("read again at the same revision: %v", h.AppArmor().Profiles)
	}
	write("revision", "8\n")
	if !has("web") {
		t.Errorf("not read again: %v", h.AppArmor().Profiles)
	}
	write("revision", "")
	write("profiles", "db (enforce)\n")
	if !has("db") {
		t.Errorf("no revision: %v", h.AppArmor().Profiles)
	}
}

func TestSELinux(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  policy.LSM
	}{
		{"mounted", map[string]string{"sys/fs/selinux/enforce": "1"}, policy.Enabled},
		{"permissive", map[string]string{"sys/fs/selinux/enforce": "0"}, policy.Enabled},
		{"not mounted", map[string]string{"proc/filesystems": "nodev\tsysfs\nnodev\tselinuxfs\n\text4\n"}, policy.Enabled},
		{"not in the kernel", map[string]string{"proc/filesystems": "nodev\tsysfs\n\text4\n"}, policy.Disabled},
		{"no procfs", map[string]string{"proc/": ""}, policy.Unknown},
	} {
		if got := New(tree(t, tt.files), "").SELinux(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestSELinuxLabel writes the label to the kernel's file.
func TestSELinuxLabel(t *testing.T) {
	root := tree(t, map[string]string{"sys/fs/selinux/context": ""})
	const label = "system_u:system_r:container_t:s0"
	if valid, err := New(root, "").SELinuxLabel(label); !valid || err != nil {
		t.Errorf("%v, %v", valid, err)
	}
	if got, err := os.ReadFile(filepath.Join(root, "sys/fs/selinux/context")); err != nil || string(got) != label {
		t.Errorf("wrote %q, %v", got, err)
	}
	// The kernel says no to this one in the same way as selinuxfs.
	if valid, err := New(tree(t, map[string]string{"sys/fs/selinux/context": "-> /proc/self/oom_score_adj"}), "").SELinuxLabel(label); valid || err != nil {
		t.Errorf("not known: %v, %v", valid, err)
	}
	if valid, err := New(t.TempDir(), "").SELinuxLabel(label); valid || err == nil {
		t.Errorf("no SELinux: %v, %v", valid, err)
	}
	if _, err := os.Stat(filepath.Join(New(t.TempDir(), "").kernel, "sys")); err == nil {
		t.Error("made a file")
	}
}

// TestMounts reads what is mounted: on the node by the host's paths, and in a
// process from its own root.
func TestMounts(t *testing.T) {
	h := New(tree(t, map[string]string{"proc/7/mountinfo": "100 50 0:50 / / rw - overlay none rw\n101 100 8:1 /srv /mnt ro - ext4 none rw\n"}), "")
	h.mounts = filepath.Join(t.TempDir(), "mountinfo")
	lines := "1 0 0:9 / / rw - overlay none rw\n2 1 8:1 / " + h.root + " rw - ext4 none rw\n3 2 8:2 / " + h.root + "/data rw - ext4 none rw\n"
	if err := os.WriteFile(h.mounts, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	node, err := h.Mounts()
	if err != nil || len(node) != 2 || node[0].Mountpoint != "/" || node[1].Mountpoint != "/data" {
		t.Errorf("node: %v, %v", node, err)
	}
	shown, err := h.Snapshot().Locate("/srv/x")
	if want := []policy.Location{{Device: "8:1", Root: "/srv/x"}}; err != nil || !slices.Equal(shown, want) {
		t.Errorf("/srv/x: %v, %v", shown, err)
	}
	if shown, err = h.Locate("/"); err != nil || len(shown) != 2 || shown[1] != (policy.Location{Device: "8:2", Root: "/"}) {
		t.Errorf("/: %v, %v", shown, err)
	}
	if _, err := New("", "").Locate("/"); !errors.Is(err, policy.ErrNotVisible) {
		t.Errorf("not seen: %v", err)
	}
	sockets := New(h.root, "").WithRuntimeSockets("/run/a.sock", h.root+"/run/b.sock", "unix:x", "").RuntimeSockets()
	if want := []string{"/run/a.sock", "/run/b.sock"}; !slices.Equal(sockets, want) {
		t.Errorf("sockets %q", sockets)
	}
	container, err := h.MountsOf(7)
	if err != nil || len(container) != 2 || container[1].Mountpoint != "/mnt" || container[1].Options != "ro" {
		t.Errorf("process: %v, %v", container, err)
	}
	if _, err := h.MountsOf(8); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no process: %v", err)
	}
}
