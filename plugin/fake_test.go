package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// What containerd and CRI-O write on specs.
const (
	imageNameAnnotation = "io.kubernetes.cri.image-name"
	crioImage           = "io.kubernetes.cri-o.ImageName"
	crioAskedImage      = "io.kubernetes.cri-o.Image"
)

// policies gives tests a hand on what Current gives.
type policies struct {
	mu      sync.Mutex
	set     *policy.Set
	current func() *policy.Set
}

func (p *policies) Current() *policy.Set {
	p.mu.Lock()
	current, set := p.current, p.set
	p.mu.Unlock()
	if current != nil {
		return current()
	}
	return set
}

// use puts a set in force.
func (p *policies) use(set *policy.Set) { p.answer(set, nil) }

// answer lets a function answer instead of the set, if it is not nil.
func (p *policies) answer(set *policy.Set, current func() *policy.Set) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set, p.current = set, current
}

// store is a SpecStore in memory, with faults.
type store struct {
	mu         sync.Mutex
	specs      map[string]string
	image      string
	sandboxes  map[string]*policy.Sandbox
	gets, puts int
	onGet      func(context.Context) error
	onPut      func(context.Context) error
}

func (s *store) Get(ctx context.Context, id string) (judge.Stored, error) {
	s.mu.Lock()
	s.gets++
	fault := s.onGet
	s.mu.Unlock()
	if fault != nil {
		if err := fault(ctx); err != nil {
			return judge.Stored{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	spec, ok := s.specs[id]
	if !ok {
		return judge.Stored{}, errors.New("no such container")
	}
	return judge.Stored{Spec: []byte(spec), Image: s.image}, nil
}

func (s *store) Put(ctx context.Context, id string, spec []byte) error {
	s.mu.Lock()
	s.puts++
	fault := s.onPut
	s.mu.Unlock()
	if fault != nil {
		if err := fault(ctx); err != nil {
			return err
		}
	}
	s.put(id, string(spec))
	return nil
}

func (s *store) Sandbox(_ context.Context, id string) (*policy.Sandbox, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	sandbox, ok := s.sandboxes[id]
	if !ok {
		return nil, errors.New("no such sandbox")
	}
	return sandbox, nil
}

// breaks gives Get and Put faults; nil for none.
func (s *store) breaks(onGet, onPut func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onGet, s.onPut = onGet, onPut
}

func (s *store) put(id, spec string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.specs[id] = spec
}

func (s *store) get(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.specs[id]
}

// calls counts what the plugin has read and written.
func (s *store) calls() (gets, puts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets, s.puts
}

// recorder remembers what it is told, in words.
type recorder struct {
	mu       sync.Mutex
	lines    []string
	onFailed func()
}

func (r *recorder) Decided(e judge.Record) {
	line := fmt.Sprintf("%s %s/%s/%s %s", e.Event, e.Pod.Namespace, e.Pod.Name, e.Container.Name, e.Decision.Outcome())
	for _, v := range e.Decision.Audit {
		line += " audit:" + v.Rule
	}
	if e.Stopped {
		line += " stopped"
	}
	if e.Evaluation < 0 || e.Total < e.Evaluation {
		line += fmt.Sprintf(" evaluation %s of %s", e.Evaluation, e.Total)
	}
	r.add(line)
}

func (r *recorder) Failed(s judge.Event, p policy.Pod, c policy.Container, err error) {
	r.mu.Lock()
	fault := r.onFailed
	r.mu.Unlock()
	if fault != nil {
		fault()
	}
	r.add(fmt.Sprintf("%s %s/%s/%s failed: %s", s, p.Namespace, p.Name, c.Name, err))
}

func (r *recorder) add(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *recorder) breaks(onFailed func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onFailed = onFailed
}

func (r *recorder) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

// expect compares everything that was recorded so far.
func (r *recorder) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := r.all(); got != strings.Join(want, "\n") {
		t.Errorf("recorded\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// doc is a policy document with those members of spec.
func doc(name string, members ...string) string {
	return "apiVersion: " + policy.APIVersion + "\nkind: Policy\nmetadata: {name: " + name + "}\nspec:\n  " +
		strings.Join(members, "\n  ") + "\n"
}

const (
	strip     = "rules: {capabilities: {onViolation: adjust, drop: [NET_ADMIN]}}"
	refuse    = "rules: {capabilities: {drop: [NET_ADMIN]}}"
	allow     = "rules: {capabilities: {drop: [SYS_TIME]}}"
	elsewhere = "match: {namespaces: [other]}"
	auditing  = "mode: audit"

	// denied is the denial by a policy p of refuse.
	denied = deniedWhy + deniedFix

	deniedWhy = `specguard: denied by policy "p": capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)`
	deniedFix = ". In the pod: remove NET_ADMIN from securityContext.capabilities.add"
)

func compile(t testing.TB, docs ...string) *policy.Set {
	t.Helper()
	sources := make([]policy.Source, len(docs))
	for i, d := range docs {
		sources[i] = policy.Source{Name: fmt.Sprintf("%d.yaml", i), Data: []byte(d)}
	}
	set, err := policy.Compile(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func namespaces(types ...string) []*api.LinuxNamespace {
	var out []*api.LinuxNamespace
	for _, t := range types {
		out = append(out, &api.LinuxNamespace{Type: t})
	}
	return out
}

// pod is an ordinary pod.
func pod() *api.PodSandbox {
	return &api.PodSandbox{
		Id: "5d1c", Name: "web-0", Namespace: "team-a", Uid: "3f2a", Labels: map[string]string{"tier": "web"},
		Linux: &api.LinuxPodSandbox{Namespaces: namespaces("pid", "ipc", "uts", "mount", "network")},
	}
}

// container is an ordinary container of it. NRI does not tell its image.
func container() *api.Container {
	return &api.Container{
		Id: "9b7e", PodSandboxId: "5d1c", Name: "app", Annotations: map[string]string{"a": "b"},
		Linux: &api.LinuxContainer{Namespaces: namespaces("pid", "ipc", "uts", "mount", "network")},
	}
}

// spec is a container's stored spec, with members that no specification knows.
// The capabilities are a list in JSON; annotations and hooks are whole members
// with a comma after or before them.
func spec(capabilities, hooks, annotations string) string {
	return `{"ociVersion":"1.2.1","x-vendor":{"b":1.0,"a":[ 1, 2 ],"c":"\u00e4"},` +
		`"process":{"x-process":null,"args":["sh"],"env":["TOKEN=not-to-be-shown"],"cwd":"/","user":{"uid":0,"gid":0},` +
		`"capabilities":{"bounding":` + capabilities + `,"x-caps":{}}},` +
		annotations + `"root":{"path":"rootfs"},"linux":{"x-linux":1e2}` + hooks + `}`
}

const (
	both = `["CAP_CHOWN","CAP_NET_ADMIN"]`
	one  = `["CAP_CHOWN"]`
)

// sealedBy is the hooks member that holds a seal.
func sealedBy(reason string) string {
	return fmt.Sprintf(`,"hooks":{"createRuntime":[{"path":%q}],"createContainer":[{"path":%[1]q}]}`, seal.Path(reason))
}

// stripped is the note that NET_ADMIN was taken away from both, by policy p.
const stripped = `"specguard.dev/adjusted":"{\"container\":\"9b7e\",\"fields\":[{\"policy\":\"p\",\"rule\":\"capabilities\",` +
	`\"field\":\"process.capabilities.bounding\",\"was\":\"CAP_CHOWN, CAP_NET_ADMIN\",\"now\":\"CAP_CHOWN\"}]}"`

// annotated is the annotations member with the decision; "" for none. What is adjusted
// is stripped.
func annotated(decision string) string {
	switch decision {
	case "":
		return `"annotations":{"a":"b"},`
	case "adjusted":
		return `"annotations":{"a":"b","` + seal.Annotation + `":"` + decision + `",` + stripped + `},`
	}
	return `"annotations":{"a":"b","` + seal.Annotation + `":"` + decision + `"},`
}

// stored is the spec that the runtime makes, with what NRI adjusted.
func stored(adjust *api.ContainerAdjustment) string {
	hooks := ""
	if list := adjust.GetHooks().GetCreateRuntime(); len(list) > 0 {
		args := ""
		if len(list[0].GetArgs()) > 0 {
			args = fmt.Sprintf(`,"args":["%s"]`, strings.Join(list[0].GetArgs(), `","`))
		}
		hooks = fmt.Sprintf(`"createRuntime":[{"path":%q%s}]`, list[0].GetPath(), args)
		if list := adjust.GetHooks().GetCreateContainer(); len(list) > 0 {
			hooks += fmt.Sprintf(`,"createContainer":[{"path":%q}]`, list[0].GetPath())
		}
		hooks = `,"hooks":{` + hooks + `}`
	}
	return spec(both, hooks, annotated(adjust.GetAnnotations()[seal.Annotation]))
}
