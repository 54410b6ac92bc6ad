package vm

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Types of files, as their modes have them (inode(7)).
const (
	folder  = 0o040755
	regular = 0o100755
)

// writeInitrd writes the initrd: a busybox, the init that it runs and the
// kernel modules that the disk needs.
func writeInitrd(file string, init []byte, busybox, modules string) error {
	var c cpio
	for _, name := range []string{"bin", "dev", "modules", "root"} {
		c.add(name, folder, nil)
	}
	c.add("init", regular, init)
	shell, err := os.ReadFile(busybox)
	if err != nil {
		return err
	}
	c.add("bin/busybox", regular, shell)
	found, err := filepath.Glob(filepath.Join(modules, "*.ko"))
	if err != nil {
		return err
	}
	for _, name := range found {
		module, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		c.add("modules/"+filepath.Base(name), regular, module)
	}
	return os.WriteFile(file, c.end(), 0o644)
}

// A cpio is an archive in the format newc (Linux,
// Documentation/driver-api/early-userspace/buffer-format.rst).
type cpio struct {
	out   bytes.Buffer
	count int
}

func (c *cpio) add(name string, mode int, data []byte) {
	c.count++
	links := 1
	fields := []int{c.count, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0}
	c.out.WriteString("070701")
	for _, field := range fields {
		fmt.Fprintf(&c.out, "%08X", field)
	}
	c.out.WriteString(name + "\x00")
	c.pad()
	c.out.Write(data)
	c.pad()
}

// pad goes on to the next multiple of four.
func (c *cpio) pad() {
	for c.out.Len()%4 != 0 {
		c.out.WriteByte(0)
	}
}

func (c *cpio) end() []byte {
	c.add("TRAILER!!!", 0, nil)
	return c.out.Bytes()
}
