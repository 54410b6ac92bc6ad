package manifest

// Option tells what a manifest does not show.
type Option func(*known)

// known is what is known of what a manifest does not show.
type known struct {
	imageUser func(image string) (ImageUser, bool)
}

// ImageUser is whom an image runs as if the pod does not say it.
type ImageUser struct {
	UID uint32

	// Name is the user's name if the image names it; "" if it gives the number.
	Name string

	// Groups are the user's in the image, the primary one first; nil if they are not known.
	Groups []uint32
}

// WithImageUsers tells whom images run as. The function gets the full reference of an image, and
// says false if it does not know the user.
func WithImageUsers(of func(image string) (ImageUser, bool)) Option {
	return func(k *known) { k.imageUser = of }
}

// imageUser is the image's user; nil if it is not known.
func (b *builder) imageUser() *ImageUser {
	if b.pod.known.imageUser == nil {
		return nil
	}
	full, _ := references(b.container.Image)
	u, known := b.pod.known.imageUser(full)
	if !known {
		return nil
	}
	return &u
}
