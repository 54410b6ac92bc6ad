package guest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/patience"
)

// A trial is a container to run and what becomes of it.
type trial struct {
	name      string
	namespace string // the policies of which count
	kind      string // of the pod
	pod       []cri.PodOption
	options   []cri.ContainerOption

	label string // what /proc/self/attr/current begins with
	// can and cannot are acts, of the machine's [acts], that work and that the
	// kernel refuses.
	can, cannot []string
	denied      string // part of the denial; then nothing of the above
}

// saw is what one process in a container says: values by name.
type saw map[string]string

const said = "trial:"

// probe is a shell script that tells the process's label and tries acts, each a
// shell command.
func probe(acts map[string]string) string {
	script := "echo " + said + "label=$(tr -d '\\0' </proc/self/attr/current)\n"
	for name, act := range acts {
		script += fmt.Sprintf("if (%s) >/dev/null 2>&1; then echo %s%s=yes; else echo %s%s=no; fi\n", act, said, name, said, name)
	}
	return script + "echo " + said + "end=yes\n"
}

func parse(out string) saw {
	s := saw{}
	for line := range strings.Lines(out) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.HasPrefix(key, said) {
			s[strings.TrimPrefix(key, said)] = value
		}
	}
	return s
}

// try runs a trial: what the main process, one that is executed and one that is
// executed over a stream meet.
func (n *node) try(t *testing.T, acts map[string]string, tr trial) *cri.Running {
	t.Helper()
	began := time.Now()
	defer func() { t.Logf("%s: %.1f s", tr.name, time.Since(began).Seconds()) }()
	p := n.pod(t, tr.namespace, tr.kind, tr.pod...)
	p.containers++
	script := probe(acts)
	config := cri.Container(fmt.Sprintf("main-%d", p.containers), appImage, []string{"/bin/sh", "-c", script + "exec sleep 6000"}, tr.options...)
	c, err := p.Run(t.Context(), config)
	if tr.denied != "" {
		if err == nil || !strings.Contains(err.Error(), "specguard: denied by policy") || !strings.Contains(err.Error(), tr.denied) {
			t.Errorf("%s: %v, want a denial with %q", tr.name, err, tr.denied)
		}
		n.idle(t, p, config.Metadata.Name)
		return nil
	}
	if err != nil {
		t.Errorf("%s: %v", tr.name, err)
		return nil
	}
	tr.met(t, "main process", n.main(t, c))
	out, err := c.Exec(t.Context(), "/bin/sh", "-c", script)
	if err != nil {
		t.Errorf("%s: %v", tr.name, err)
	}
	tr.met(t, "exec-sync", parse(out))
	out, err = c.StreamExec(t.Context(), "/bin/sh", "-c", script)
	if err != nil {
		t.Errorf("%s: %v", tr.name, err)
	}
	tr.met(t, "exec", parse(out))
	return c
}

// main waits until the main process has said all.
func (n *node) main(t *testing.T, c *cri.Running) saw {
	t.Helper()
	for deadline := time.Now().Add(patience.For(10 * time.Second)); ; time.Sleep(100 * time.Millisecond) {
		out, _ := c.Logs() // not there before the first line
		if s := parse(out); s["end"] == "yes" {
			return s
		}
		if time.Now().After(deadline) {
			status, err := c.Status(t.Context())
			t.Errorf("the main process has said %q; it is %v, %v", out, status, err)
			return nil
		}
	}
}

func (tr trial) met(t *testing.T, who string, s saw) {
	t.Helper()
	if s == nil {
		return
	}
	if !strings.HasPrefix(s["label"], tr.label) {
		t.Errorf("%s: %s: the kernel says %q, want %s", tr.name, who, s["label"], tr.label)
	}
	for _, act := range tr.can {
		if s[act] != "yes" {
			t.Errorf("%s: %s cannot %s: %q", tr.name, who, act, s)
		}
	}
	for _, act := range tr.cannot {
		if s[act] != "no" {
			t.Errorf("%s: %s can %s", tr.name, who, act)
		}
	}
}

// idle checks that a container has never run.
func (n *node) idle(t *testing.T, p *pod, name string) {
	t.Helper()
	if out := shell(t, "cat "+p.Config.LogDirectory+"/"+name+".log 2>/dev/null || true"); out != "" {
		t.Errorf("the container %s has been denied and has written %s", name, out)
	}
}
