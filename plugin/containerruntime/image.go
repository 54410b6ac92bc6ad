package containerruntime

import "strings"

// imageNameAnnotation is the image reference that a container was asked for
// with, as containerd writes it on the spec. (1.7 writes the reference under
// which it keeps the image.)
const imageNameAnnotation = "io.kubernetes.cri.image-name"

// CRI-O writes the image on the spec: the name under which it keeps it, and the
// one that the container was asked for with. It writes them over what a pod's
// annotations say.
const (
	crioImage      = "io.kubernetes.cri-o.ImageName"
	crioAskedImage = "io.kubernetes.cri-o.Image"
)

// Images are the reference under which the runtime keeps a container's image, ""
// where nothing shows it, and the one that the container was asked for with. shown
// is the image's name in NRI, annotations are those of the container. CRI-O copies
// a pod's annotations to its containers: anybody can write containerd's there.
func (r Runtime) Images(shown string, annotations map[string]string) (kept, asked string) {
	if r.Name == CRIO {
		return annotations[crioImage], annotations[crioAskedImage]
	}
	return shown, annotations[imageNameAnnotation]
}

// AnnotatesKeptImage reports whether the reference that Images says was asked for
// is the one under which the runtime keeps the image: containerd 1 writes that
// there, containerd 2 what the caller of CRI says.
func (r Runtime) AnnotatesKeptImage() bool {
	return r.Name == Containerd && strings.HasPrefix(strings.TrimPrefix(r.Version, "v"), "1.")
}
