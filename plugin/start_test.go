package plugin

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/mounts"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

const (
	nodeMounts = "1 0 8:1 / / rw - ext4 none rw\n"

	// honestly is what an OCI runtime mounts for a container of hostMount, and
	// swapped what it mounts where a link has led it to /.
	honestly = "100 50 0:50 / / rw - overlay none rw\n101 100 8:1 /srv/x /mnt rw - ext4 none rw\n"
	swapped  = "100 50 0:50 / / rw - overlay none rw\n101 100 8:1 / /mnt rw - ext4 none rw\n"

	hostMount = `"mounts":[{"destination":"/mnt","type":"bind","source":"/srv/x","options":["rbind","rw"]}],`
	allowSrv  = "rules: {hostPaths: {allowed: [{path: /srv}]}}"

	wrongMount = `specguard: denied by policy "p": hostPaths: host path /srv/x at /mnt: the kernel has mounted / of the file system 8:1 there, ` +
		`and not /srv/x of the file system 8:1; a path may have changed while the container was created`
)

// kernel is a Kernel of text, with a fault.
type kernel struct {
	container string
	err       error
	asked     int
}

func (k *kernel) Mounts() (mounts.Table, error) { return mounts.Parse([]byte(nodeMounts)) }

func (k *kernel) MountsOf(uint32) (mounts.Table, error) {
	k.asked++
	if k.err != nil {
		return nil, k.err
	}
	return mounts.Parse([]byte(k.container))
}

// processes is a store that knows the processes of containers.
type processes struct {
	*store
	err error
}

func (p *processes) Process(context.Context, string) (uint32, error) { return 7, p.err }

// TestStart compares what is mounted in a container that was opened in the
// runtime's store.
func TestStart(t *testing.T) {
	opened := func(*node) {}
	forgotten := func(n *node) { n.plugin.judge.Forget(container().GetId()) }
	for name, c := range map[string]struct {
		doc     string // allowSrv by default
		spec    string // hostMount by default
		mounts  string // honestly by default
		between func(*node)
		kernel  error
		process error
		want    string
		asked   int
	}{
		"what was judged":           {between: opened, asked: 1},
		"something else":            {between: opened, mounts: swapped, want: wrongMount, asked: 1},
		"nothing of the host":       {between: opened, spec: `"mounts":[],`, mounts: swapped},
		"another agent opened it":   {between: forgotten, asked: 1},
		"it, and something else":    {between: forgotten, mounts: swapped, want: wrongMount, asked: 1},
		"it, nothing of the host":   {between: forgotten, spec: `"mounts":[],`},
		"no policy":                 {doc: doc("p", elsewhere, allowSrv), between: opened, mounts: swapped},
		"no policy, forgotten":      {doc: doc("p", elsewhere, allowSrv), between: forgotten, mounts: swapped},
		"audit":                     {doc: doc("p", auditing, allowSrv), between: opened, mounts: swapped},
		"audit, forgotten":          {doc: doc("p", auditing, allowSrv), between: forgotten, mounts: swapped},
		"the kernel cannot be read": {between: opened, kernel: errors.New("no such process"), want: "read what is mounted in the container: no such process", asked: 1},
		"no process":                {between: opened, process: errors.New("no task"), want: "no task"},
		"nobody has judged it": {
			between: func(n *node) { forgotten(n); n.policies.use(compile(n.t, doc("p", "rules: {hostPaths: {}}"))) },
			want:    `specguard: denied by policy "p": hostPaths: host path /srv/x at /mnt is not allowed (allowed: none). In the pod: remove the hostPath volume that is mounted at /mnt, or mount an allowed path there`,
		},
		"nobody can adjust it": {
			between: func(n *node) { forgotten(n); n.policies.use(compile(n.t, doc("p", strip))) },
			want:    deniedWhy + " (policy would adjust it; on this node specguard can only deny containers)" + deniedFix,
		},
		"the policies change after it was judged": {
			between: func(n *node) { n.policies.use(compile(n.t, doc("p", "rules: {hostPaths: {}}"))) }, asked: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.doc == "" {
				c.doc = doc("p", allowSrv)
			}
			if c.spec == "" {
				c.spec = hostMount
			}
			if c.mounts == "" {
				c.mounts = honestly
			}
			n := offline(t, c.doc)
			k := &kernel{container: c.mounts, err: c.kernel}
			n.plugin.judge.Node.Kernel, n.plugin.Openers = k, inStore(&processes{n.store, c.process})
			n.start(t, "containerd")
			n.connect(n.socket)
			ctr := container()
			if _, err := n.create(pod(), ctr); err != nil {
				t.Fatal(err)
			}
			n.store.put(ctr.GetId(), strings.Replace(n.store.get(ctr.GetId()), `"root"`, c.spec+`"root"`, 1))
			if err := n.post(pod(), ctr); err != nil {
				t.Fatal(err)
			}
			before := n.recorder.all()
			c.between(n)
			err := n.StartContainer(t.Context(), &api.StartContainerRequest{Pod: pod(), Container: ctr})
			if message(err) != c.want || k.asked != c.asked {
				t.Errorf("error %q, want %q; asked %d times", message(err), c.want, k.asked)
			}
			line := ""
			if strings.HasPrefix(c.want, seal.Prefix) {
				line = "\nstart team-a/web-0/app denied"
			} else if c.want != "" {
				line = "\nstart team-a/web-0/app failed: " + c.want
			}
			if got := n.recorder.all(); got != strings.TrimPrefix(before+line, "\n") {
				t.Errorf("recorded\n%s", got)
			}
		})
	}
}

// TestMountGuard leaves the hook on what mounts the host, and compares what it brings.
func TestMountGuard(t *testing.T) {
	o := judge.ByWrapper{Program: "/opt/specguard-runtime"}
	const replaceable = `specguard: denied by policy "p": hostPaths: host path /srv/x at /mnt is not allowed: /srv/x is in /srv, where containers may write`
	const hook = `{"path":"/opt/specguard-runtime","args":["specguard-runtime","hook"],"timeout":60}`
	for name, c := range map[string]struct {
		rules  string // allowSrv by default
		spec   string // hostMount by default
		hooks  string // on the final spec
		bring  func(*wrapperapi.Request)
		refuse string
	}{
		"nothing of the host": {spec: `"mounts":[],`, bring: func(*wrapperapi.Request) {}},
		"what was judged": {
			hooks: hook, bring: func(r *wrapperapi.Request) { r.Root, r.Mounts = "/b/rootfs", below("/b/rootfs", honestly) },
		},
		"something else": {
			hooks: hook, bring: func(r *wrapperapi.Request) { r.Root, r.Mounts = "/b/rootfs", below("/b/rootfs", swapped) }, refuse: wrongMount,
		},
		"an older hook": {hooks: hook, bring: func(*wrapperapi.Request) {}, refuse: "not judged: specguard-runtime on this host is older than the agent and does not report what is mounted: install this version of it (specguard install)"},
		"out of sight": {
			hooks: hook, bring: func(r *wrapperapi.Request) { r.Root, r.Mounts = "/b/rootfs", below("/other", swapped) }, refuse: replaceable,
		},
		"out of sight, where no container can write": {
			rules: "rules: {hostPaths: {allowed: [{path: /srv/x}]}}",
			hooks: hook, bring: func(r *wrapperapi.Request) { r.Root, r.Mounts = "/b/rootfs", below("/other", swapped) },
		},
		"no process": {hooks: hook, bring: func(r *wrapperapi.Request) { r.Root = "/b/rootfs" }, refuse: replaceable},
		"no table": {
			hooks: hook, bring: func(r *wrapperapi.Request) { r.Root, r.Mounts = "/b/rootfs", []byte("1 2 3\n") },
			refuse: "not judged: read the mounts: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.spec == "" {
				c.spec = hostMount
			}
			if c.rules == "" {
				c.rules = allowSrv
			}
			n := offline(t, doc("p", c.rules))
			n.plugin.judge.Node.Kernel = &kernel{}
			n.plugin.Openers = func(string) (judge.Opener, error) { return o, nil }
			n.start(t, "cri-o")
			n.connect(n.socket)
			ctr := container()
			if _, err := n.create(pod(), ctr); err != nil {
				t.Fatal(err)
			}
			n.store.put(ctr.GetId(), strings.Replace(n.store.get(ctr.GetId()), `"root"`, c.spec+`"root"`, 1))
			a := n.bring(wrapperapi.Create, nil)
			hooks := ""
			if c.hooks != "" {
				hooks = `,"hooks":{"createRuntime":[` + c.hooks + `]}`
			}
			if want := strings.Replace(spec(both, hooks, annotated("allowed")), `"root"`, c.spec+`"root"`, 1); a.Verdict != wrapperapi.Allowed || string(a.Spec) != want {
				t.Fatalf("%s %s\n%s\nwant\n%s", a.Verdict, a.Message, a.Spec, want)
			}
			before := n.recorder.all()
			n.store.put(ctr.GetId(), string(a.Spec))
			a = n.bring(wrapperapi.Verify, c.bring)
			if c.refuse == "" && a.Verdict != wrapperapi.Allowed || c.refuse != "" && (a.Verdict != wrapperapi.Forbidden || !strings.HasPrefix(a.Message, c.refuse)) {
				t.Errorf("%+v, want %q", a, c.refuse)
			}
			if recorded := n.recorder.all(); (recorded == before) != (c.refuse == "") && name != "no table" {
				t.Errorf("recorded\n%s", recorded)
			}
		})
	}
}

// below is a table in which a container's is seen before its root is changed.
func below(root, text string) []byte {
	text = strings.ReplaceAll(text, " / rw - overlay", " "+root+" rw - overlay")
	return []byte(nodeMounts + strings.ReplaceAll(text, " /mnt rw", " "+root+"/mnt rw"))
}
