package containerruntime

import "strings"

// imageNameAnnotation is the annotation in which containerd writes the image reference that
// was requested. (1.7 writes the reference under which it keeps the image.)
const imageNameAnnotation = "io.kubernetes.cri.image-name"

// CRI-O writes two image references on the spec: the one under which it keeps the image,
// and the requested one. It overwrites what a pod's annotations say.
const (
	crioImage      = "io.kubernetes.cri-o.ImageName"
	crioAskedImage = "io.kubernetes.cri-o.Image"
)

// Images returns the reference under which the runtime keeps a container's image, "" if
// nothing shows it, and the requested reference. shown is the image's name in NRI,
// annotations are the container's. CRI-O copies a pod's annotations to its containers, so
// anybody can write containerd's annotation there.
func (r Runtime) Images(shown string, annotations map[string]string) (kept, asked string) {
	if r.Name == CRIO {
		return annotations[crioImage], annotations[crioAskedImage]
	}
	return shown, annotations[imageNameAnnotation]
}

// AnnotatesKeptImage reports whether the second result of Images is the reference under
// which the runtime keeps the image: containerd 1 writes that one, containerd 2 the one
// that the caller of CRI says.
func (r Runtime) AnnotatesKeptImage() bool {
	return r.Name == Containerd && strings.HasPrefix(strings.TrimPrefix(r.Version, "v"), "1.")
}
