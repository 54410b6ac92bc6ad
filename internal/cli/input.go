package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/pflag"

	"github.com/specguard/specguard/internal/adjusted"
	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/internal/manifest"
	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// podFlags are the flags that describe the pods whose containers are judged.
type podFlags struct {
	flags     *pflag.FlagSet
	namespace string
	labels    map[string]string
	handler   string
}

const (
	flagNamespace = "namespace"
	flagPodLabels = "pod-labels"
	flagHandler   = "runtime-handler"
)

func (f *podFlags) add(fs *pflag.FlagSet) {
	f.flags = fs
	fs.StringVarP(&f.namespace, flagNamespace, "n", "", "the pod's namespace, if the file does not show it")
	fs.StringToStringVar(&f.labels, flagPodLabels, nil, "the pod's labels, if the file does not show them: key=value,...")
	fs.StringVar(&f.handler, flagHandler, "", "the pod's runtime handler, if the file does not show it")
	earlierName(fs, "pod-label", flagPodLabels)
}

// complete adds to the subject what the flags say of it.
func (f *podFlags) complete(c *input.Container) {
	if f.namespace != "" {
		c.GiveNamespace(f.namespace)
		if shown := c.Subject.Pod.Namespace; shown != f.namespace {
			c.Notes = append(c.Notes, fmt.Sprintf("--namespace %s is ignored: the file says %s", f.namespace, shown))
		}
	}
	if c.Object == "" { // otherwise the manifest shows it
		c.Subject.Pod.Labels, c.Subject.Pod.RuntimeHandler = f.labels, f.handler
		c.Subject.Pod.LabelsUnseen = !f.flags.Changed(flagPodLabels)
	}
}

// unknown lists what policies may read of the container and neither the file
// nor flags tell.
func (f *podFlags) unknown(c *input.Container, set *policy.Set) []string {
	pod := &c.Subject.Pod
	raw := c.Object == ""
	var out []string
	for _, fact := range []struct {
		name    string
		missing bool
	}{
		{"namespace", pod.Namespace == ""},
		{"podLabels", raw && !f.flags.Changed(flagPodLabels)},
		{"runtimeHandler", raw && !f.flags.Changed(flagHandler)},
		{"image", c.Subject.Container.Image == ""},
		{"hostPorts", pod.Sandbox == nil && set.Select(&c.Subject).Sandbox},
		{"podSysctls", pod.Sandbox == nil && set.Select(&c.Subject).Sandbox},
	} {
		if fact.missing {
			out = append(out, fact.name)
		}
	}
	return out
}

// parse reads what a file describes. The containers are as the agent judges them.
func parse(file string, data []byte, options ...manifest.Option) input.Result {
	r := input.Parse(file, data, options...)
	for i := range r.Containers {
		c := &r.Containers[i]
		askedFor(c)
		seal.Remove(c.Subject.Spec) // the agent judges what is under its seal
		delete(c.Subject.Spec.Annotations, seal.Annotation)
		adjusted.Remove(c.Subject.Spec)
	}
	return r
}

// askedFor reads what specguard has changed in the spec of a container, which is then judged as
// it runs.
func askedFor(c *input.Container) {
	if c.Object != "" {
		return // it does not run yet
	}
	var trust adjusted.Trust
	switch c.Asked, trust = adjusted.Read(c.Subject.Spec, c.Subject.Container.ID); trust {
	case adjusted.Forged:
		c.Notes = append(c.Notes, adjusted.ForgedNote)
	case adjusted.Unverified:
		c.Notes = append(c.Notes, adjusted.UnverifiedNote)
	}
}

// withoutPath is what is wrong with a file, without its path.
func withoutPath(err error) error {
	if of := new(fs.PathError); errors.As(err, &of) {
		return of.Err
	}
	return err
}
