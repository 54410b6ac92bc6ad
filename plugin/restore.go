package plugin

import (
	"errors"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/seal"
	"github.com/specguard/specguard/policy"
)

// errRestored is about a container that is restored from a checkpoint: what
// privileges its processes have stands in the checkpoint, not in a spec.
var errRestored = errors.New(seal.Prefix + "refused: the container would be restored from a checkpoint, which brings privileges that cannot be judged (use the image that it was made from)")

// restored tells whether the runtime says that the container is restored from a
// checkpoint. containerd (2.1 to 2.3; updates have taken it out) writes these
// annotations over those of the container. CRI-O says nothing: there the OCI
// runtime wrapper and the seal's hook refuse it.
func restored(runtime string, ctr *api.Container) bool {
	if runtime != containerd {
		return false
	}
	for _, key := range []string{"restored", "checkpointedAt", "checkpointImage"} {
		if _, ok := ctr.GetAnnotations()[key]; !ok {
			return false
		}
	}
	return true
}

// refuseRestored refuses a container that is restored, if an enforcing policy
// may be for it. Of such a container the checkpoint tells the image.
func (p *Plugin) refuseRestored(sub policy.Subject, ctr *api.Container) error {
	if !restored(p.conn.runtimeName(), ctr) {
		return nil
	}
	sub.Container.Image, sub.Container.OtherImages = "", nil
	if !p.Policies.Current().Select(&sub).Enforced {
		return nil
	}
	return errRestored
}
