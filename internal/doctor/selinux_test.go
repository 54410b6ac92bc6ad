package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/runtimeconfig"
)

// seFake has labels by path, and allows "domain type class perm".
type seFake struct {
	labels  map[string]string
	allowed []string
	broken  error
}

func (s seFake) queries(root string) seQueries {
	return seQueries{
		peer: func(socket string) (string, error) {
			if socket == filepath.Join(root, "run/specguard/runtime.sock") {
				return "system_u:system_r:initrc_t:s0", nil
			}
			return "system_u:system_r:dockerd_t:s0", nil
		},
		label: func(_ files, p string) (string, error) {
			if kind, ok := s.labels[p]; ok {
				return "system_u:object_r:" + kind + ":s0", nil
			}
			return "", &os.PathError{Op: "read", Path: p, Err: os.ErrNotExist}
		},
		may: func(_, domain, label, class, perm string) (bool, error) {
			return slices.Contains(s.allowed, strings.Join([]string{seType(domain), seType(label), class, perm}, " ")), s.broken
		},
	}
}

func TestSELinux(t *testing.T) {
	const program = "/usr/local/bin/specguard-runtime"
	node := tree{"sys/fs/selinux/enforce": "1", program[1:]: "#!"}
	labels := map[string]string{program: "bin_t", "/etc/specguard": "etc_t", "/etc/specguard/runtime.yaml": "etc_runtime_t", "/run/specguard": "var_run_t", "/run/specguard/runtime.sock": "initrc_runtime_t"}
	some := []string{"dockerd_t bin_t file execute", "dockerd_t etc_t dir search", "dockerd_t var_run_t dir search"}
	all := append([]string{"dockerd_t etc_runtime_t file read", "dockerd_t initrc_runtime_t sock_file write", "dockerd_t initrc_t unix_stream_socket connectto"}, some...)
	for name, test := range map[string]struct {
		files   tree
		handler string
		fake    seFake
		want    []want
	}{
		"not on": {tree{"proc/filesystems": "nodev sysfs\n", program[1:]: "#!"}, program, seFake{labels, all, nil}, nil},
		"all":    {node, program, seFake{labels, all, nil}, []want{{OK, "containerd: SELinux lets specguard-runtime, in the domain dockerd_t, read its configuration and ask the agent"}}},
		"some": {node, program, seFake{labels, some, nil}, []want{{Problem, "work: containers that need it are refused -> semodule -i specguard.cil (deploy/selinux), then restorecon -R /etc/specguard /run/specguard /usr/local/bin\n" +
			"/etc/specguard/runtime.yaml: read of a file with the type etc_runtime_t\n" +
			"/run/specguard/runtime.sock: write of a sock_file with the type initrc_runtime_t\n" +
			"the agent: connectto of a unix_stream_socket with the type initrc_t"}}},
		"not there":     {node, program, seFake{nil, all, nil}, []want{{OK, "lets"}}},
		"not asked":     {node, program, seFake{labels, all, errors.New("permission denied")}, []want{{Warning, "cannot check what SELinux lets dockerd_t do: permission denied"}}},
		"not wrapped":   {node, "runc", seFake{labels, nil, nil}, nil},
		"audit's words": {tree{"sys/fs/selinux/enforce": "1", "var/log/audit/audit.log": avcLog}, "runc", seFake{}, []want{{Warning, "SELinux has denied something to specguard"}}},
	} {
		t.Run(name, func(t *testing.T) {
			n := fake(t, test.files)
			n.wrapped, n.se = readWrapped(n.files), test.fake.queries(n.Root)
			n.runtimes = []containerRuntime{{component: containerd, config: runtimeconfig.Config{Handlers: map[string]string{"runc": test.handler}}}}
			expect(t, run(t, checkSELinux, n), test.want...)
		})
	}
}

// avcLog has three denials of which two are one, and one of something else.
const avcLog = `type=AVC msg=audit(1795870922.120:9): avc:  denied  { read } for  pid=206 comm="specguard-runti" name="runtime.yaml" dev="vda" ino=7 scontext=system_u:system_r:dockerd_t:s0 tcontext=system_u:object_r:etc_runtime_t:s0 tclass=file permissive=0
type=AVC msg=audit(1795870923.120:10): avc:  denied  { read } for  pid=207 comm="specguard-runti" name="runtime.yaml" dev="vda" ino=7 scontext=system_u:system_r:dockerd_t:s0 tcontext=system_u:object_r:etc_runtime_t:s0 tclass=file permissive=0
type=SYSCALL msg=audit(1795870923.120:10): comm="specguard-runti"
type=AVC msg=audit(1795870923.120:11): avc:  denied  { checkpoint_restore } for  pid=206 comm="agetty" capability=40  scontext=system_u:system_r:getty_t:s0 tcontext=system_u:system_r:getty_t:s0 tclass=capability2 permissive=0
5,1,2,-;audit: type=1400 audit(1795870922.120:12): avc:  denied  { connectto } for  pid=3 comm="specguard-runti" path="/run/specguard/runtime.sock" scontext=system_u:system_r:dockerd_t:s0 tcontext=system_u:system_r:initrc_t:s0 tclass=unix_stream_socket permissive=1
`

func TestAVCs(t *testing.T) {
	want := []string{
		`denied  { read } comm="specguard-runti" name="runtime.yaml" scontext=system_u:system_r:dockerd_t:s0 tcontext=system_u:object_r:etc_runtime_t:s0 tclass=file permissive=0`,
		`denied  { connectto } comm="specguard-runti" path="/run/specguard/runtime.sock" scontext=system_u:system_r:dockerd_t:s0 tcontext=system_u:system_r:initrc_t:s0 tclass=unix_stream_socket permissive=1`,
	}
	if got := avcs([]byte(avcLog)); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	var many strings.Builder
	for _, c := range "abcdefgh" {
		many.WriteString(`avc:  denied  { read } for comm="specguard" name="` + string(c) + "\"\n")
	}
	if got := avcs([]byte(many.String())); len(got) != maxDenials || !strings.Contains(got[maxDenials-1], `name="h"`) {
		t.Errorf("%q", got)
	}
}

// TestSELinuxAccess reads answers as the kernel gives them.
func TestSELinuxAccess(t *testing.T) {
	for answer, want := range map[string]bool{
		"16 ffffffff 0 ffffffff 5 0\x00": true, "14 ffffffff 0 ffffffff 5 0": false, "0 ffffffff 0 ffffffff 5 1": true,
	} {
		if got, err := allows(answer, 2); got != want || err != nil {
			t.Errorf("%q: %v, %v", answer, got, err)
		}
	}
	for _, answer := range []string{"", "16", "x ffffffff 0 0 5 0", "16 ffffffff 0 0 5 x"} {
		if got, err := allows(answer, 2); got || err == nil {
			t.Errorf("%q: %v, %v", answer, got, err)
		}
	}
	if may, err := seMay(t.TempDir(), "a", "b", "file", "read"); may || err == nil {
		t.Errorf("no selinuxfs: %v, %v", may, err)
	}
}
