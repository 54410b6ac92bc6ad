package doctor

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// auditTail is how much of the audit log is read, from its end.
	auditTail = 4 << 20

	// maxDenials is how many denials are shown.
	maxDenials = 5
)

// denials are what SELinux has denied specguard, or others about its files, lately:
// by the audit log, or where there is no audit daemon by the kernel's. It is empty
// where neither can be read.
func (n *Node) denials() []string {
	data, err := readTail(filepath.Join(n.Root, "var/log/audit/audit.log"), auditTail)
	if err != nil {
		data = readKernelLog(filepath.Join(n.kernelRoot(), "dev/kmsg"))
	}
	return avcs(data)
}

// avcFields are those of a denial that say who wanted what; its ids and numbers
// differ each time.
var avcFields = regexp.MustCompile(`denied +\{ [a-z_ ]+ \}|\b(comm|name|path|scontext|tcontext|tclass|permissive)=("[^"]*"|[^ "\n]+)`)

// avcs returns the last denials in a log that name specguard, each once.
func avcs(log []byte) []string {
	var out []string
	seen := make(map[string]bool)
	for line := range bytes.Lines(log) {
		if !bytes.Contains(line, []byte("avc:")) || !bytes.Contains(line, []byte("specguard")) {
			continue
		}
		text := strings.Join(avcFields.FindAllString(string(line), -1), " ")
		if text != "" && !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	return out[max(0, len(out)-maxDenials):]
}

func readTail(file string, size int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > size {
		if _, err := f.Seek(-size, io.SeekEnd); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(io.LimitReader(f, size))
}

// readKernelLog reads what is in the kernel's ring buffer, a record at a time; nil
// where it may not.
func readKernelLog(file string) []byte {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	var out []byte
	record := make([]byte, 8192)
	for len(out) < auditTail {
		size, err := unix.Read(fd, record)
		if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.EINTR) { // overwritten meanwhile
			continue
		}
		if err != nil || size <= 0 {
			break
		}
		out = append(append(out, record[:size]...), '\n')
	}
	return out
}
