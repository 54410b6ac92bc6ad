package containerruntime

// Restored reports whether the runtime says, in a container's annotations, that it
// restores the container from a checkpoint. containerd (2.1 to 2.3; updates have
// taken it out) writes these over those of the container. CRI-O says nothing:
// there the OCI runtime wrapper and the seal's hook refuse it.
func (r Runtime) Restored(annotations map[string]string) bool {
	if r.Name != Containerd {
		return false
	}
	for _, key := range []string{"restored", "checkpointedAt", "checkpointImage"} {
		if _, ok := annotations[key]; !ok {
			return false
		}
	}
	return true
}
