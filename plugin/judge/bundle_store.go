package judge

import (
	"context"

	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// Bundles reads the specs with which containers run, from their OCI bundles. It is for
// openers without a store. It is safe for concurrent use.
type Bundles interface {
	// Spec returns the config.json of a container or sandbox. If it has no bundle,
	// that is an error.
	Spec(id string) ([]byte, error)

	// PortMappings returns the port mappings of a sandbox's network, as the JSON list
	// that CNI plugins take. ok is false if the node does not show them.
	PortMappings(sandboxID string) (mappings []byte, ok bool)
}

// existingStore returns the store from which to read the spec of an existing container.
func (j *Judge) existingStore(c Container) (SpecStore, error) {
	store, err := j.store()
	if err == nil || j.Node.Bundles == nil {
		return store, err
	}
	b, err := j.bundle(c)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// bundle reads the spec with which the container runs.
func (j *Judge) bundle(c Container) (*bundleSpec, error) {
	spec, err := j.Node.Bundles.Spec(c.Container.ID)
	if err != nil {
		return nil, err
	}
	return &bundleSpec{
		sentSpec: sentSpec{
			req:     wrapperapi.Request{Spec: spec, Sandbox: j.bundledSandbox(c.Pod.ID)},
			of:      c.identity(),
			runtime: j.Connection.Runtime(),
		},
		log: j.Log.WithField("id", c.Container.ID),
	}, nil
}

// bundledSandbox returns what the node shows of a pod.
func (j *Judge) bundledSandbox(id string) *wrapperapi.Sandbox {
	out := &wrapperapi.Sandbox{ID: id}
	spec, err := j.Node.Bundles.Spec(id)
	if err != nil {
		return out // without its spec, nothing else of it is used
	}
	out.Spec = spec
	out.PortMappings, out.Networked = j.Node.Bundles.PortMappings(id)
	return out
}

// bundleSpec is a SpecStore of one running container.
type bundleSpec struct {
	sentSpec
	log logrus.FieldLogger
}

// Sandbox returns what the node shows of the pod. If the node does not show something, the
// running container is not denied for that, and the rest of it is still judged.
func (b *bundleSpec) Sandbox(ctx context.Context, id string) (*policy.Sandbox, error) {
	out, err := b.sentSpec.Sandbox(ctx, id)
	if err != nil {
		b.log.WithError(err).Warn("existing container: checked without its pod's sysctls and host ports")
		return &policy.Sandbox{}, nil
	}
	out.HostPortsUnseen = false
	return out, nil
}
