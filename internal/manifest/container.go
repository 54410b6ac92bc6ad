package manifest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/oneline"
	"github.com/specguard/specguard/policy"
)

// builder makes one container.
type builder struct {
	pod       *pod
	container *container
	token     bool // gets the service account's token
	spec      *specs.Spec
	at        nodes
	asked     policy.SeccompPattern // the seccomp profile
	notes     []string
}

// build makes the container's subject, in the order in which containerd makes
// its spec; at is where the container stands in its object.
func (b *builder) build(at string) (Container, error) {
	c, p := b.container, b.pod
	if c.Name == "" || c.Image == "" {
		return Container{}, c.At.fault(at, "has no name or no image")
	}
	b.spec = &specs.Spec{
		Version: specs.Version,
		Process: b.process(),
		Root:    &specs.Root{Path: "rootfs", Readonly: c.SecurityContext.ReadOnlyRootFilesystem},
		Linux:   &specs.Linux{Namespaces: b.namespaces()},
	}
	b.resources()
	b.userNamespace()
	b.priority()
	for _, add := range []func(path string) error{b.mounts, b.devices, b.secure} {
		if err := add(at); err != nil {
			return Container{}, err
		}
	}
	full, others := references(c.Image)
	b.annotate()
	b.noteDefaults()
	return Container{
		Kind:   p.object.Kind,
		Name:   p.object.Metadata.Name,
		Object: p.number,
		Line:   c.At.line,
		Column: c.At.column,
		Subject: policy.Subject{
			Pod:       p.subject(),
			Container: policy.Container{Name: c.Name, ID: p.ids.container(c.Name), Image: full, OtherImages: others, Seccomp: b.asked},
			Spec:      b.spec,
			Host:      volumeHost{pod: p},
		},
		Facts: b.facts(),
		Notes: b.notes,
		nodes: b.at,
	}, nil
}

// note says what is assumed, once and in one line, whatever names the pod has
// in it.
func (b *builder) note(text string) {
	text = oneline.Of(text)
	if text != "" && !slices.Contains(b.notes, text) {
		b.notes = append(b.notes, text)
	}
}

// noteDefaults notes what is assumed of the pod as a whole.
func (b *builder) noteDefaults() {
	if b.pod.object.Metadata.Namespace == "" {
		b.note("no namespace is given: assumed to be default")
	}
	if b.pod.custom {
		b.note("found at " + b.pod.path + " of " + b.pod.object.Kind +
			", which is not an object of Kubernetes itself: its controller may make other pods")
	}
	if class := b.pod.Spec.RuntimeClassName; class != "" {
		b.note("runtime class " + class + ": assumed to be the runtime handler of that name")
	}
	b.note("assumed that the node has AppArmor and SELinux, and that containerd uses them")
}

// process is what the container runs. What the image would add is not known.
func (b *builder) process() *specs.Process {
	c := b.container
	return &specs.Process{
		Args:     slices.Concat(c.Command, c.Args),
		Cwd:      cmp.Or(c.WorkingDir, "/"),
		Env:      b.env(),
		Terminal: c.TTY,
	}
}

// env are the variables: containerd's, those of the API server's service,
// which the kubelet gives every container, and the container's own. Values
// that are not in the manifest are empty.
func (b *builder) env() []string {
	out := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOSTNAME=" + cmp.Or(b.pod.Spec.Hostname, b.pod.name),
	}
	if b.container.TTY {
		out = append(out, "TERM=xterm")
	}
	for _, name := range []string{
		"SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTPS", "PORT",
		"PORT_443_TCP", "PORT_443_TCP_PROTO", "PORT_443_TCP_PORT", "PORT_443_TCP_ADDR",
	} {
		out = append(out, "KUBERNETES_"+name+"=")
	}
	if len(b.container.EnvFrom) > 0 {
		b.note("the variables from envFrom are not known")
	}
	for _, e := range b.container.Env {
		out = slices.DeleteFunc(out, func(v string) bool { return strings.HasPrefix(v, e.Name+"=") })
		out = append(out, e.Name+"="+e.Value)
	}
	return out
}

// annotate writes what containerd does on every spec (internal/cri/
// annotations).
func (b *builder) annotate() {
	const prefix = "io.kubernetes.cri."
	b.spec.Annotations = map[string]string{
		prefix + "container-type":    "container",
		prefix + "container-name":    b.container.Name,
		prefix + "image-name":        b.container.Image,
		prefix + "sandbox-id":        b.pod.ids.sandbox,
		prefix + "sandbox-name":      b.pod.name,
		prefix + "sandbox-namespace": b.pod.namespace(),
		prefix + "sandbox-uid":       b.pod.ids.pod,
	}
}
