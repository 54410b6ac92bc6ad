package imageuser

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Image is an image and its user.
type Image struct {
	// Names are the references that the archive gives the image, and Digests those of its
	// manifests.
	Names, Digests []string

	User User
}

// User is whom an image runs as.
type User struct {
	UID uint32

	// Name is the user's name if the image names it; "" if it gives the number.
	Name string

	// Groups are the user's, the primary one first; nil if they are not known.
	Groups []uint32
}

// Read reads the images of a folder or an archive. Of an image for several platforms, those for
// Linux must have the same user.
func Read(path string) ([]Image, error) {
	s, err := open(path)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var images []Image
	switch {
	case s.has("index.json"):
		images, err = s.ociImages()
	case s.has("manifest.json"):
		images, err = s.dockerImages()
	default:
		err = errors.New("is no image: it has neither index.json (OCI) nor manifest.json (docker save)")
	}
	if err == nil && len(images) == 0 {
		err = errors.New("holds no image for Linux")
	}
	return images, err
}

// store has the files of an image.
type store struct {
	io.Closer
	open func(name string) (io.ReadCloser, error)
}

func open(path string) (*store, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return openArchive(path)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &store{Closer: root, open: func(name string) (io.ReadCloser, error) { return root.Open(name) }}, nil
}

func (s *store) has(name string) bool {
	f, err := s.open(name)
	if err != nil {
		return false
	}
	_ = f.Close() // nothing was written
	return true
}

// maxDocument bounds what is read into memory.
const maxDocument = 8 << 20

// read reads a small file.
func (s *store) read(name string) ([]byte, error) {
	f, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = fmt.Errorf("is larger than %d MiB", maxDocument>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// document reads a JSON file.
func (s *store) document(name string, out any) error {
	data, err := s.read(name)
	if err != nil {
		return err
	}
	return decode(name, data, out)
}

func decode(name string, data []byte, out any) error {
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// configuration is what matters here of an image's.
type configuration struct {
	OS     string `json:"os"`
	Config struct {
		User string `json:"User"`
	} `json:"config"`
}

// merge adds what is known of a platform of the image.
func (i *Image) merge(digests []string, u User) error {
	if len(i.Digests) > 0 && !i.User.equal(u) {
		return errors.New("its platforms have different users")
	}
	i.User = u
	i.Digests = append(i.Digests, digests...)
	return nil
}

func (u User) equal(o User) bool {
	return u.UID == o.UID && u.Name == o.Name && slices.Equal(u.Groups, o.Groups)
}
