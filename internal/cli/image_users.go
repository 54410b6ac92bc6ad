package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/distribution/reference"
	"github.com/spf13/pflag"

	"github.com/specguard/specguard/internal/imageuser"
	"github.com/specguard/specguard/internal/manifest"
)

// imageFlags say whom images run as.
type imageFlags struct{ users, images []string }

// imageUsers knows whom images run as.
type imageUsers struct {
	known []*knownImage
	every *manifest.ImageUser // of all others; nil if that is not known
}

// knownImage is an image whose user is known.
type knownImage struct {
	flag   string // that says it
	name   string // in full; without a tag and a digest, it stands for all of them
	digest string // "" for an image that is known by its name
	user   manifest.ImageUser

	once sync.Once
	used bool
}

func (f *imageFlags) add(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.users, "image-user", nil, "whom an image runs as, or every other, for manifests: `[IMAGE=]UID[:GID]` (repeatable)")
	fs.StringArrayVar(&f.images, "image-file", nil,
		"an image that says whom it runs as, for manifests: `[IMAGE=]PATH` of an OCI layout (folder or archive), "+
			"or of what docker save writes (repeatable)")
}

func (f *imageFlags) read() (*imageUsers, error) {
	u := &imageUsers{}
	for _, value := range f.users {
		if err := u.addUser(value); err != nil {
			return nil, fmt.Errorf("--image-user %s: %w", value, err)
		}
	}
	for _, value := range f.images {
		if err := u.addImage(value); err != nil {
			return nil, fmt.Errorf("--image-file %s: %w", value, withoutPath(err))
		}
	}
	return u, nil
}

// addUser adds what --image-user says: [IMAGE=]UID[:GID].
func (u *imageUsers) addUser(value string) error {
	image, ids := "", value
	if at := strings.LastIndex(value, "="); at >= 0 {
		image, ids = value[:at], value[at+1:]
	}
	uid, gid, grouped := strings.Cut(ids, ":")
	var user manifest.ImageUser
	for _, id := range []struct {
		text string
		set  func(uint32)
		is   bool
	}{
		{uid, func(n uint32) { user.UID = n }, true},
		{gid, func(n uint32) { user.Groups = []uint32{n} }, grouped},
	} {
		n, err := strconv.ParseUint(id.text, 10, 31)
		if id.is && err != nil {
			return errors.New("must be [IMAGE=]UID[:GID], with numbers")
		}
		if id.is {
			id.set(uint32(n))
		}
	}
	if image != "" {
		return u.add("--image-user "+value, image, user)
	}
	if strings.Contains(value, "=") {
		return errors.New("has no IMAGE before =")
	}
	if u.every != nil {
		return errors.New("the user of all images is given twice")
	}
	u.every = &user
	return nil
}

// addImage adds the images that --image-file names: [IMAGE=]PATH.
func (u *imageUsers) addImage(value string) error {
	name, path := "", value
	if before, after, found := strings.Cut(value, "="); found {
		name, path = before, after
	}
	images, err := imageuser.Read(path)
	if err != nil {
		return err
	}
	if name != "" && len(images) > 1 {
		return fmt.Errorf("holds %d images, and IMAGE= names one", len(images))
	}
	for _, i := range images {
		if name != "" {
			i.Names = []string{name}
		}
		if len(i.Names) == 0 && len(i.Digests) == 0 {
			return errors.New("does not say which image it is: give IMAGE=PATH")
		}
		for _, name := range i.Names {
			if err := u.add("--image-file "+value, name, manifest.ImageUser(i.User)); err != nil {
				return err
			}
		}
		for _, digest := range i.Digests {
			u.known = append(u.known, &knownImage{flag: "--image-file " + value, digest: digest, user: manifest.ImageUser(i.User)})
		}
	}
	return nil
}

func (u *imageUsers) add(flag, image string, user manifest.ImageUser) error {
	named, err := reference.ParseDockerRef(image)
	if err != nil {
		return fmt.Errorf("%q is no image: %w", image, err)
	}
	k := &knownImage{flag: flag, name: named.String(), user: user}
	if short, err := reference.ParseNormalizedNamed(image); err == nil && reference.IsNameOnly(short) {
		k.name = short.String()
	}
	if slices.ContainsFunc(u.known, func(o *knownImage) bool { return o.name == k.name }) {
		return fmt.Errorf("the user of %s is given twice", k.name)
	}
	u.known = append(u.known, k)
	return nil
}

// of is the user of the image with that full reference.
func (u *imageUsers) of(image string) (manifest.ImageUser, bool) {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return manifest.ImageUser{}, false
	}
	digest := ""
	if pinned, is := named.(reference.Digested); is {
		digest = pinned.Digest().String()
	}
	for _, fits := range []func(*knownImage) bool{
		func(k *knownImage) bool { return k.name == named.String() },
		func(k *knownImage) bool { return k.digest != "" && k.digest == digest },
		func(k *knownImage) bool { return k.name == named.Name() },
	} {
		if at := slices.IndexFunc(u.known, fits); at >= 0 {
			k := u.known[at]
			k.once.Do(func() { k.used = true })
			return k.user, true
		}
	}
	if u.every != nil {
		return *u.every, true
	}
	return manifest.ImageUser{}, false
}

// unused are the flags for images that no container has: perhaps a name is misspelt, or is not in the
// archive.
func (u *imageUsers) unused() []string {
	used := make(map[string]bool)
	var out []string
	for _, k := range u.known {
		used[k.flag] = used[k.flag] || k.used
	}
	for _, k := range u.known {
		if !used[k.flag] && !slices.Contains(out, k.flag) {
			out = append(out, k.flag)
		}
	}
	return out
}
