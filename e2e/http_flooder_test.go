package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/scope"
)

// busy gives the agent the CPU request of the DaemonSet, and has a tenant with
// requests for two CPUs use all that it can get.
func (g *guarded) busy(t *testing.T) *scope.Share {
	t.Helper()
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(filepath.Dir(root), "deploy/kustomize/base/daemonset.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	request := regexp.MustCompile(`requests: \{cpu: (\d+)m`).FindSubmatch(manifest)
	if request == nil {
		t.Fatal("the DaemonSet has no CPU request")
	}
	milli, _ := strconv.Atoi(string(request[1]))
	own, err := g.Share("agent", milli)
	if err == nil {
		err = own.Add(g.agent.Process().PID())
	}
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := g.Share("tenant", 2000)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		g.spawn(t, tenant, exec.Command(build.Busybox, "sh", "-c", "while :; do :; done"), os.DevNull)
	}
	return tenant
}

// spawn starts a process of the tenant, which ends with the node.
func (g *guarded) spawn(t *testing.T, tenant *scope.Share, cmd *exec.Cmd, log string) *scope.Process {
	t.Helper()
	p, err := g.Spawn(cmd, log)
	if err == nil {
		err = tenant.Add(p.PID())
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// envFlood makes this test binary a program that reads a page all the time, and
// envClients says with how many clients.
const (
	envFlood   = "SPECGUARD_E2E_FLOOD"
	envClients = "SPECGUARD_E2E_FLOOD_CLIENTS"
)

// flood has the tenant's clients read the agent's metrics for floodTime and
// longer. What it returns waits for their end and gives how often they did.
func (g *guarded) flood(t *testing.T, tenant *scope.Share, clients int) (answers func() int) {
	t.Helper()
	if clients == 0 {
		return func() int { return 0 }
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envFlood+"=http://"+g.agent.Address()+"/metrics", fmt.Sprintf("%s=%d", envClients, clients))
	log := filepath.Join(g.Dir(), fmt.Sprintf("flood-%d", clients))
	p := g.spawn(t, tenant, cmd, log)
	read := func() int {
		out, _ := os.ReadFile(log)
		n, _ := strconv.Atoi(strings.TrimSpace(string(out)))
		return n
	}
	time.Sleep(300 * time.Millisecond) // the flood begins
	return func() int { <-p.Done(); return read() }
}

// flood reads the page and prints how often.
func flood(url string) {
	clients, _ := strconv.Atoi(os.Getenv(envClients))
	end := time.Now().Add(floodTime + time.Second)
	var answers atomic.Int64
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			c := http.Client{Transport: &http.Transport{}, Timeout: time.Until(end)}
			for time.Now().Before(end) {
				r, err := c.Get(url)
				if err != nil {
					time.Sleep(time.Millisecond) // refused
					continue
				}
				if _, err := io.Copy(io.Discard, r.Body); err == nil {
					answers.Add(1)
				}
				r.Body.Close()
			}
		})
	}
	all.Wait()
	fmt.Println(answers.Load())
}

// cpuTime is what the agent has used of the CPUs so far.
func (g *guarded) cpuTime(t *testing.T) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.agent.Process().PID()))
	if err != nil {
		t.Fatalf("%v: %s", err, g.agent.Log())
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var ticks int
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, _ := strconv.Atoi(f)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
