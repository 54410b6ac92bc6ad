package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// attemptsVariable is how many containers each race starts; by default as many as
// it takes to see some of them lose.
const attemptsVariable = "SPECGUARD_E2E_RACES"

// races are how a tenant has a folder mounted that is a link to / at times: a
// policy that allows host paths, and the path of the folder.
func races(n *node.Node, name string) map[string]race {
	return map[string]race{
		"below an allowed folder": {
			policy: policyText("race", "{namespaces: ["+name+"]}", "enforce", fmt.Sprintf("rules: {hostPaths: {allowed: [{path: %s}]}}", n.Dir()+"/race")),
			folder: func(*cri.Sandbox) string { return n.Dir() + "/race" },
			caught: "the kernel has mounted / of the file system",
		},
		"where nothing is forbidden": {
			policy: policyText("race", "{namespaces: ["+name+"]}", "enforce", "rules: {hostPaths: {forbidden: [RuntimeSockets]}}"),
			folder: func(*cri.Sandbox) string { return n.Dir() + "/race-free" },
			caught: "the kernel has mounted / of the file system",
		},
		// A static pod chooses its uid, and so can name its own volumes.
		"in an emptyDir": {
			policy: policyText("race", "{namespaces: ["+name+"]}", "enforce", "profile: baseline\nrules: {hostNamespaces: {onViolation: ignore}}"),
			folder: func(pod *cri.Sandbox) string {
				return filepath.Join(n.KubeletDir(), "pods", pod.Config.Metadata.Uid, "volumes/kubernetes.io~empty-dir/v")
			},
			caught: "hostPaths: host path",
		},
	}
}

type race struct {
	policy string
	folder func(*cri.Sandbox) string
	caught string // what a lost race is told
}

// TestRaceForHostPath has a tenant swap a folder and a link to / while containers
// that mount it are created. None of them may see /.
func TestRaceForHostPath(t *testing.T) {
	kinds := func(t *testing.T, test func(t *testing.T, n *node.Node, verify bool)) {
		eachNode(t, func(t *testing.T, n *node.Node) { test(t, n, false) })
		t.Run(build.CRIO.String()+" verified", func(t *testing.T) {
			t.Parallel()
			test(t, shared.Node(t, build.CRIO), true)
		})
	}
	kinds(t, func(t *testing.T, n *node.Node, verify bool) {
		for name, r := range races(n, "race") {
			t.Run(name, func(t *testing.T) { r.run(t, startRig(t, n, rigOptions{policies: r.policy, verify: verify})) })
		}
	})
}

// run starts containers until some have lost the race, or as many as asked for.
func (r race) run(t *testing.T, g *rig) {
	pod := g.runPod(t, "race")
	folder := r.folder(pod)
	if err := os.MkdirAll(folder+"/flip", 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	writeFile(t, folder, "flip/inside", "")
	if err := os.Symlink("/", folder+"/link"); err != nil {
		t.Fatal(err)
	}
	defer flip(t, folder+"/flip", folder+"/link")()

	attempts, most, enough := 0, 400, func(caught, passed int) bool { return caught >= 3 && passed >= 1 || caught >= 20 }
	if asked, err := strconv.Atoi(os.Getenv(attemptsVariable)); err == nil {
		most, enough = asked, func(int, int) bool { return false }
	}
	told := map[string]int{}
	start := time.Now()
	for ; attempts < most && time.Since(start) < 10*time.Minute && !enough(told["caught"], told["passed"]); attempts++ {
		told[r.attempt(t, pod, folder, attempts)]++
	}
	t.Logf("%d attempts in %s: %v", attempts, time.Since(start).Round(time.Second), told)
	if told["won"] > 0 || told["caught"] == 0 {
		t.Errorf("%d containers saw the node's /, %d were caught", told["won"], told["caught"])
	}
}

// attempt starts a container that mounts the folder, and tells what became of it.
func (r race) attempt(t *testing.T, pod *cri.Sandbox, folder string, i int) string {
	t.Helper()
	look := []string{"sh", "-c", "test -e /mnt/inside && exit 0; test -e /mnt/proc/1 && exit 7; exit 8"}
	c, err := pod.Create(t.Context(), cri.Container(fmt.Sprintf("c%d", i), node.AppImage, look, cri.HostPath(folder+"/flip", "/mnt", false)))
	if c != nil {
		defer c.Remove(t.Context())
	}
	if err == nil {
		err = c.Start(t.Context())
	}
	switch {
	case err == nil:
	case strings.Contains(err.Error(), r.caught):
		return "caught"
	case strings.Contains(err.Error(), "denied by policy"):
		return "denied"
	default: // such as a link in the moment in which the OCI runtime looks
		t.Logf("attempt %d: %v", i, err)
		return "failed"
	}
	code, err := c.Wait(t.Context())
	switch {
	case err != nil:
		t.Fatal(err)
	case code != 0:
		return "won"
	}
	return "passed"
}

// flip swaps two names again and again, until the function that it returns is
// called.
func flip(t *testing.T, a, b string) (stop func()) {
	t.Helper()
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-time.After(time.Duration(rand.IntN(20)) * time.Millisecond):
			}
			if err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE); err != nil {
				t.Errorf("flip: %v", err)
				return
			}
		}
	}()
	return func() { close(end); <-ended }
}
