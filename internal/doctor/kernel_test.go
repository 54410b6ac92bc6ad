package doctor

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestKernel(t *testing.T) {
	for release, w := range map[string]want{
		"6.1.0-18-amd64":    {OK, "Linux 6.1.0-18-amd64"},
		"5.12.0":            {OK, "Linux 5.12.0"},
		"5.10.0-28-amd64":   {Warning, "5.12"},
		"6.18.44-fc-v657":   {OK, "Linux"},
		"5.15-rc3":          {OK, "Linux"},
		"4.18.0-553.el8_10": {Warning, "rro"},
		"":                  {Warning, "not known"},
	} {
		n := fake(t, nil)
		n.kernel = release
		expect(t, run(t, checkKernel, n), w)
	}
}

func TestKernelIsAsked(t *testing.T) {
	if _, known := parseVersion(kernelRelease()); !known {
		t.Errorf("kernel %q", kernelRelease())
	}
}

func TestCgroups(t *testing.T) {
	for _, test := range []struct {
		name          string
		main, unified int64 // file systems; 0 for none
		want          want
	}{
		{"v2", unix.CGROUP2_SUPER_MAGIC, 0, want{OK, "cgroup v2"}},
		{"hybrid", unix.TMPFS_MAGIC, unix.CGROUP2_SUPER_MAGIC, want{Warning, "hybrid"}},
		{"v1", unix.TMPFS_MAGIC, 0, want{Warning, "cgroup v1"}},
		{"v1, a folder called unified", unix.TMPFS_MAGIC, unix.TMPFS_MAGIC, want{Warning, "cgroup v1"}},
		{"sysfs alone", unix.SYSFS_MAGIC, 0, want{Warning, "no cgroups"}},
		{"nothing", 0, 0, want{Warning, "cannot see cgroups"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := fake(t, nil)
			n.statfs = func(path string) (int64, error) {
				kind := map[string]int64{
					filepath.Join(n.Root, "sys/fs/cgroup"): test.main, filepath.Join(n.Root, "sys/fs/cgroup/unified"): test.unified,
				}[path]
				if kind == 0 {
					return 0, errors.New("not there")
				}
				return kind, nil
			}
			expect(t, run(t, checkCgroups, n), test.want)
		})
	}
}
