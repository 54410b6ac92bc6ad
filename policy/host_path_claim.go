package policy

import "path"

// likeClaim reports whether a provisioner may have made the folder for a claim: of a
// volume bound to it of type hostPath, the kubelet mounts the host's own path, and
// nothing tells it from a hostPath of the pod. Provisioners call the folder by the
// volume, which has the claim's uid in its name. It is said to whoever reads the
// denial, and allows nothing.
//
// Source: Kubernetes, pkg/volume/hostpath; sig-storage-lib-external-provisioner
// (getProvisionedVolumeNameForClaim).
func likeClaim(source string) bool {
	const volume = "pvc-????????-????-????-????-????????????"
	ok, err := path.Match(volume+"*", path.Base(source))
	return ok && err == nil
}
