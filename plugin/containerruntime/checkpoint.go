package containerruntime

// Restored reports whether the annotations of a container say that the runtime restores it
// from a checkpoint. containerd (2.1 to 2.3; updates have removed it) writes them over the
// container's own. CRI-O shows nothing: there, the OCI runtime wrapper and the seal's hook
// refuse the container.
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
