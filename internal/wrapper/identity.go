package wrapper

import "github.com/opencontainers/runtime-spec/specs-go"

// identity is what a container's spec shows of its pod, as far as the author of a pod cannot
// forge it. Anyone with access to the CRI socket can: the caller says which namespace the pod is
// in, and on CRI-O can overwrite annotations.
type identity struct {
	sandboxID string // the pod's; "" if it is not shown
	sandbox   bool   // it is the pod's sandbox itself
	namespace string // the pod's
}

// keys are the annotations in which a container runtime shows it.
type keys struct{ kind, sandboxID, namespace string }

// families are those of containerd's CRI plugin and of CRI-O. Either writes its
// own over what a pod's annotations say, and neither cares for the other's.
func families() []keys {
	return []keys{
		{"io.kubernetes.cri.container-type", "io.kubernetes.cri.sandbox-id", "io.kubernetes.cri.sandbox-namespace"},
		{"io.kubernetes.cri-o.ContainerType", "io.kubernetes.cri-o.SandboxID", "io.kubernetes.pod.namespace"},
	}
}

// identify reads the annotations. Where they are of both families a pod has
// written one of them, and nothing is told: which runtime this is, only the
// runtime says.
//
// The sandbox that a sandbox names must be itself: on CRI-O a container's
// annotations, which the caller of CRI gives, go over the runtime's own, and he
// does not know the container's id beforehand. (CRI-O's ids are not secret by
// design; a caller of CRI needs no such way.)
func identify(spec *specs.Spec, id string) identity {
	var found *keys
	for _, k := range families() {
		if spec.Annotations[k.kind] == "" && spec.Annotations[k.sandboxID] == "" {
			continue
		}
		if found != nil {
			return identity{}
		}
		found = &k
	}
	if found == nil {
		return identity{}
	}
	out := identity{sandboxID: spec.Annotations[found.sandboxID], namespace: spec.Annotations[found.namespace]}
	out.sandbox = spec.Annotations[found.kind] == "sandbox" && out.sandboxID == id
	return out
}
