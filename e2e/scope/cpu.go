package scope

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// scopeMilliCPU is what the scope is to the rest of the machine when it has
// shares: a kubelet gives its pods as much as the node has, here two CPUs.
const scopeMilliCPU = 2000

// A Share is a cgroup of the scope whose processes get CPU time by their request
// where others want it too.
type Share struct{ dir string }

// Share makes a share for a request in thousandths of a CPU.
func (s *Scope) Share(name string, milliCPU int) (*Share, error) {
	for _, dir := range s.cgroup.all {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("share CPU: %w", err)
		}
		share, err := newShare(dir, name, milliCPU)
		if share != nil || err != nil {
			return share, err
		}
	}
	return nil, errors.New("share CPU: no cgroup hierarchy has the controller cpu")
}

// newShare makes a share below a scope's folder of one hierarchy; nil where that
// does not share CPU.
func newShare(dir, name string, milliCPU int) (*Share, error) {
	shares := func(milli int) int { return max(2, milli*1024/1000) } // as the kubelet does
	file, value := "cpu.shares", shares
	if _, err := os.Stat(filepath.Join(dir, file)); err != nil { // not version 1
		control := filepath.Join(filepath.Dir(dir), "cgroup.subtree_control")
		if err := write(control, "+cpu"); err != nil {
			return nil, nil //nolint:nilerr // another hierarchy has it
		}
		if err := write(filepath.Join(dir, "cgroup.subtree_control"), "+cpu"); err != nil {
			return nil, fmt.Errorf("share CPU: %w", err)
		}
		file, value = "cpu.weight", func(milli int) int { return 1 + (shares(milli)-2)*9999/262142 }
	}
	share := &Share{dir: filepath.Join(dir, name)}
	err := os.MkdirAll(share.dir, 0o755)
	if err == nil {
		err = write(filepath.Join(dir, file), strconv.Itoa(value(scopeMilliCPU)))
	}
	if err == nil {
		err = write(filepath.Join(share.dir, file), strconv.Itoa(value(milliCPU)))
	}
	if err != nil {
		return nil, fmt.Errorf("share CPU: %w", err)
	}
	return share, nil
}

// Add moves a process there, with all its threads.
func (s *Share) Add(pid int) error {
	if err := write(filepath.Join(s.dir, "cgroup.procs"), strconv.Itoa(pid)); err != nil {
		return fmt.Errorf("share CPU: %w", err)
	}
	return nil
}

// write writes to a file of a cgroup, which is there.
func write(file, value string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(value)
	return err
}
