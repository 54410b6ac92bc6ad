package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

const (
	passwd = "root:x:0:0:root:/root:/bin/sh\n" +
		"web:x:1000:1000:web:/tmp:/bin/sh\n" +
		"nobody:x:65534:65534:nobody:/:/bin/false\n"
	group = "root:x:0:\n" +
		"web:x:1000:\n" +
		"staff:x:50:web\n" +
		"nobody:x:65534:\n"
)

// busyboxLayer returns a root filesystem as an uncompressed tar archive: the
// busybox at path, a symlink for each of its applets, and what a container
// expects around them.
func busyboxLayer(path string) ([]byte, error) {
	program, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list, err := exec.Command(path, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("list applets of %s: %w", path, err)
	}
	var archive bytes.Buffer
	l := layer{tar: tar.NewWriter(&archive)}
	for _, dir := range []string{"bin/", "dev/", "etc/", "proc/", "root/", "run/", "sys/", "var/", "var/log/"} {
		l.add(tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755}, nil)
	}
	l.add(tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}, nil)
	l.add(tar.Header{Typeflag: tar.TypeReg, Name: "etc/passwd", Mode: 0o644}, []byte(passwd))
	l.add(tar.Header{Typeflag: tar.TypeReg, Name: "etc/group", Mode: 0o644}, []byte(group))
	l.add(tar.Header{Typeflag: tar.TypeReg, Name: "bin/busybox", Mode: 0o755}, program)
	applets := strings.Fields(string(list))
	slices.Sort(applets)
	for _, applet := range slices.Compact(applets) {
		if applet != "busybox" {
			l.add(tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + applet, Linkname: "busybox", Mode: 0o777}, nil)
		}
	}
	if l.err == nil {
		l.err = l.tar.Close()
	}
	return archive.Bytes(), l.err
}

// layer writes a root filesystem; the first error sticks.
type layer struct {
	tar *tar.Writer
	err error
}

func (l *layer) add(header tar.Header, data []byte) {
	if l.err != nil {
		return
	}
	header.Size = int64(len(data))
	header.Format = tar.FormatPAX
	if l.err = l.tar.WriteHeader(&header); l.err == nil {
		_, l.err = l.tar.Write(data)
	}
}
