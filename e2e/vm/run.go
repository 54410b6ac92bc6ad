package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/specguard/specguard/e2e/scope"
)

// A Module is a security module of the kernel.
type Module string

// The modules that a machine can boot with.
const (
	AppArmor Module = "security=apparmor apparmor=1"
	SELinux  Module = "security=selinux selinux=1 enforcing=1"
)

// Options say how a machine runs.
type Options struct {
	Module Module
	// Job is what it does; it is switched off then.
	Job Job
	// Reboots: the job asks for it. Else a machine that boots again is stopped:
	// its kernel has panicked.
	Reboots bool
	// Timeout bounds boot and job.
	Timeout time.Duration
	// Out gets what the job prints, as it does.
	Out io.Writer
	// Keep is the folder for what is left: console, the kernel's log and the
	// journal of every boot, and what the job has left in its $OUT.
	Keep string
}

// memory is what a machine has, in MiB.
const memory = 2048

// resultSize bounds what a job can leave.
const resultSize = 256 << 20

// A Machine runs.
type Machine struct {
	options Options
	scope   *scope.Scope
	process *scope.Process
}

// Run boots a machine for a job, and returns the job's exit status.
func (i Image) Run(ctx context.Context, o Options) (int, error) {
	m, err := i.Start(o)
	if err != nil {
		return 0, err
	}
	status, err := m.Wait(ctx)
	return status, errors.Join(err, m.Close())
}

// Start boots a machine for a job. It ends with this process at the latest.
func (i Image) Start(o Options) (*Machine, error) {
	dir, err := os.MkdirTemp("", "specguard-vm-")
	if err != nil {
		return nil, fmt.Errorf("start machine: %w", err)
	}
	s, err := scope.New(dir)
	if err != nil {
		return nil, fmt.Errorf("start machine: %w", err)
	}
	m := &Machine{options: o, scope: s}
	if err := m.boot(i); err != nil {
		return nil, fmt.Errorf("start machine: %w", errors.Join(err, s.Close()))
	}
	return m, nil
}

func (m *Machine) boot(i Image) error {
	if err := m.options.Job.write(m.file("job")); err != nil {
		return err
	}
	for name, size := range map[string]int64{"result": resultSize, "said": 0} {
		if err := errors.Join(os.WriteFile(m.file(name), nil, 0o600), os.Truncate(m.file(name), size)); err != nil {
			return err
		}
	}
	var err error
	m.process, err = m.scope.Spawn(i.command(m.scope.Dir(), m.options), m.file("qemu"))
	return err
}

// file is a file of the machine's.
func (m *Machine) file(name string) string { return filepath.Join(m.scope.Dir(), name) }

// Close ends the machine and removes all that it left. Further calls do nothing.
func (m *Machine) Close() error { return m.scope.Close() }

// Dir is the machine's folder, which goes with it.
func (m *Machine) Dir() string { return m.scope.Dir() }

// Cgroups are the machine's folders in every cgroup hierarchy.
func (m *Machine) Cgroups() []string { return m.scope.Cgroups() }

// Wait waits until the machine is switched off, and returns the job's exit
// status.
func (m *Machine) Wait(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, m.options.Timeout)
	defer cancel()
	said, err := os.Open(m.file("said"))
	if err != nil {
		return 0, fmt.Errorf("run machine: %w", err)
	}
	defer said.Close()
	err = follow(ctx, m.process, said, m.options.Out)
	err = errors.Join(err, m.keep())
	if err != nil {
		return 0, fmt.Errorf("run machine: %w; the console ends: %s", err, scope.Tail(m.file("console")))
	}
	text, err := os.ReadFile(filepath.Join(m.options.Keep, "status"))
	if err != nil {
		return 0, fmt.Errorf("run machine: the job has left no status: %w; the console ends: %s; QEMU: %s",
			err, scope.Tail(m.file("console")), scope.Tail(m.file("qemu")))
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// keep copies what the machine leaves.
func (m *Machine) keep() error {
	err := os.MkdirAll(m.options.Keep, 0o755)
	for _, name := range []string{"console", "said", "qemu"} {
		err = errors.Join(err, copyFile(m.file(name), filepath.Join(m.options.Keep, name), 0o644))
	}
	return errors.Join(err, readResult(m.file("result"), m.options.Keep))
}

// follow copies what the job prints until the machine is switched off.
func follow(ctx context.Context, machine *scope.Process, said io.Reader, out io.Writer) error {
	for {
		select {
		case <-machine.Done():
			_, err := io.Copy(out, said)
			return errors.Join(err, machine.Err())
		case <-ctx.Done():
			_, _ = io.Copy(out, said)
			// The scope ends it, whatever becomes of this.
			killErr := machine.Kill(context.WithoutCancel(ctx))
			return errors.Join(fmt.Errorf("the machine was stopped: %w", ctx.Err()), killErr)
		case <-time.After(200 * time.Millisecond):
			if _, err := io.Copy(out, said); err != nil {
				return err
			}
		}
	}
}

// command is QEMU's. A copy of the disk is made as it is written to, in a file
// that has no name.
func (i Image) command(dir string, o Options) *exec.Cmd {
	in := func(name string) string { return filepath.Join(dir, name) }
	args := []string{
		"-accel", "tcg,thread=multi", "-cpu", "max,la57=off", "-machine", "q35", "-smp", "2", "-m", strconv.Itoa(memory),
		"-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
		"-serial", "file:" + in("console"), "-serial", "file:" + in("said"),
		"-kernel", i.Kernel, "-initrd", i.Initrd,
		// With other machines at work, the kernel finds its timer too slow.
		"-append", "root=/dev/vda rw console=ttyS0 no_timer_check panic=-1 net.ifnames=0 quiet " + string(o.Module),
		"-drive", "file=" + i.Disk + ",format=raw,if=none,id=root,snapshot=on,cache=unsafe", "-device", "virtio-blk-pci,drive=root",
		"-drive", "file=" + in("job") + ",format=raw,if=none,id=job,readonly=on", "-device", "virtio-blk-pci,drive=job,serial=job",
		"-drive", "file=" + in("result") + ",format=raw,if=none,id=result,cache=unsafe", "-device", "virtio-blk-pci,drive=result,serial=result",
		"-object", "rng-random,filename=/dev/urandom,id=random", "-device", "virtio-rng-pci,rng=random",
	}
	if !o.Reboots {
		args = append(args, "-no-reboot")
	}
	cmd := exec.Command("/usr/bin/qemu-system-x86_64", args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	return cmd
}
