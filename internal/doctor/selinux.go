package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/internal/wrapperconfig"
	"github.com/specguard/specguard/policy"
)

// checkSELinux reports whether SELinux lets the OCI runtime wrapper, which runs in the
// container runtime's domain, do its work, and whom it has denied something of
// specguard lately.
func checkSELinux(_ context.Context, n *Node) []Finding {
	if n.host.SELinux() != policy.Enabled || n.Root == "" {
		return nil
	}
	var out []Finding
	for _, r := range n.runtimes {
		if w := n.wrapper(&r); len(w.with) > 0 {
			out = append(out, n.mayAsk(&r))
		}
	}
	if denied := n.denials(); len(denied) > 0 {
		f := warning("see what was denied: ausearch -m avc; "+module,
			"SELinux has denied something to specguard, or to the container runtime about it")
		f.Details = denied
		out = append(out, f)
	}
	return out
}

const module = "semodule -i specguard.cil (deploy/selinux), then restorecon -R /etc/specguard /run/specguard /usr/local/bin"

// need is an access that the wrapper needs.
type need struct {
	path        string
	class, perm string
}

// mayAsk reports whether a runtime's domain may start the wrapper, read its
// configuration and ask the agent.
func (n *Node) mayAsk(r *containerRuntime) Finding {
	domain, err := n.se.peer(r.socket)
	if err != nil {
		return warning("run doctor as root", "%s: its SELinux domain is not known: %v", r.component, err)
	}
	socket := n.wrapped.socket()
	needs := []need{
		{n.Hook, "file", "execute"},
		{path.Dir(wrapperconfig.File), "dir", "search"},
		{wrapperconfig.File, "file", "read"},
		{path.Dir(socket), "dir", "search"},
		{socket, "sock_file", "write"},
	}
	var denied []string
	for _, need := range needs {
		label, err := n.se.label(n.files, need.path)
		if errors.Is(err, os.ErrNotExist) {
			continue // other checks report it
		}
		if err == nil {
			denied, err = n.lacks(denied, domain, label, need.class, need.perm, need.path)
		}
		if err != nil {
			return warning("run doctor as root", "%s: cannot check what SELinux lets %s do: %v", r.component, seType(domain), err)
		}
	}
	if agent, err := n.se.peer(filepath.Join(n.Root, socket)); err == nil {
		if denied, err = n.lacks(denied, domain, agent, "unix_stream_socket", "connectto", "the agent"); err != nil {
			return warning("run doctor as root", "%s: cannot check what SELinux lets %s do: %v", r.component, seType(domain), err)
		}
	}
	if len(denied) == 0 {
		return ok("%s: SELinux lets specguard-runtime, in the domain %s, read its configuration and ask the agent", r.component, seType(domain))
	}
	f := problem(module, "%s: SELinux does not let specguard-runtime, in the domain %s, work: containers that need it are refused",
		r.component, seType(domain))
	f.Details = denied
	return f
}

// lacks adds an access that the domain does not have.
func (n *Node) lacks(denied []string, domain, label, class, perm, what string) ([]string, error) {
	may, err := n.se.may(n.kernelRoot(), domain, label, class, perm)
	if err == nil && !may {
		denied = append(denied, fmt.Sprintf("%s: %s of a %s with the type %s", what, perm, class, seType(label)))
	}
	return denied, err
}

// seType is the type in a label.
func seType(label string) string {
	if parts := strings.Split(label, ":"); len(parts) > 2 {
		return parts[2]
	}
	return label
}

// seQueries are what is asked of SELinux.
type seQueries struct {
	peer  func(socket string) (label string, err error) // of the process that listens there
	label func(f files, path string) (string, error)
	may   func(kernel, domain, label, class, perm string) (bool, error)
}

func askSELinux() seQueries { return seQueries{peer: peerLabel, label: fileLabel, may: seMay} }

// peerLabel is the SELinux label of the process that listens on a unix socket.
func peerLabel(socket string) (string, error) {
	conn, err := net.DialTimeout("unix", socket, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return "", err
	}
	var label string
	var failed error
	err = raw.Control(func(fd uintptr) { label, failed = unix.GetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_PEERSEC) })
	return strings.TrimRight(label, "\x00"), errors.Join(err, failed)
}

func fileLabel(f files, p string) (string, error) {
	place, _, err := f.At(p)
	if err != nil {
		return "", err
	}
	buf := make([]byte, 4096)
	size, err := unix.Getxattr(place, "security.selinux", buf)
	if err != nil {
		return "", &os.PathError{Op: "read the label of", Path: p, Err: err}
	}
	return string(bytes.TrimRight(buf[:size], "\x00")), nil
}

// seMay asks the kernel's policy for an access, by selinuxfs (Linux,
// security/selinux/selinuxfs.c: sel_write_access).
func seMay(kernel, domain, label, class, perm string) (bool, error) {
	dir := filepath.Join(kernel, "sys/fs/selinux")
	index, err := readNumber(filepath.Join(dir, "class", class, "index"))
	if err != nil {
		return false, err
	}
	bit, err := readNumber(filepath.Join(dir, "class", class, "perms", perm))
	if err != nil {
		return false, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "access"), os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "%s %s %d", domain, label, index); err != nil {
		return false, err
	}
	answer := make([]byte, 256)
	size, err := f.Read(answer)
	if err != nil {
		return false, err
	}
	return allows(string(answer[:size]), bit)
}

// allows reads the kernel's answer: the vector of what is allowed comes first, and
// the flags, of which 1 stands for a permissive domain, last.
func allows(answer string, bit uint64) (bool, error) {
	fields := strings.Fields(strings.TrimRight(answer, "\x00"))
	if len(fields) < 6 || bit < 1 || bit > 32 {
		return false, fmt.Errorf("SELinux's answer is %q", answer)
	}
	vector, errVector := strconv.ParseUint(fields[0], 16, 32)
	flags, errFlags := strconv.ParseUint(fields[5], 16, 32)
	if err := errors.Join(errVector, errFlags); err != nil {
		return false, err
	}
	return vector>>(bit-1)&1 == 1 || flags&1 == 1, nil
}

func readNumber(file string) (uint64, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(data)), 10, 32)
}
