package imageuser

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// user finds whom the user of an image's configuration stands for. A kubelet names only the user:
// the runtime takes the groups from the image's /etc/passwd and /etc/group, whatever group the
// configuration has.
//
// Source: Kubernetes, pkg/kubelet/kuberuntime (getImageUser); containerd, pkg/oci (WithUser,
// WithAdditionalGIDs).
func (s *store) user(text string, layers []string) (User, error) {
	name, _, _ := strings.Cut(text, ":")
	if name == "" {
		name = "0"
	}
	passwd, group, err := s.accounts(layers)
	id, numeric := number(name)
	switch {
	case err != nil && numeric:
		return User{UID: id}, nil // its groups are not known
	case err != nil:
		return User{}, fmt.Errorf("its user %q cannot be looked up: %w", name, err)
	}
	u, found := User{UID: id, Groups: []uint32{0}}, false
	if !numeric {
		u.Name = name
	}
	for fields := range lines(passwd, 4) {
		uid, ok := number(fields[2])
		gid, also := number(fields[3])
		if ok && also && (fields[0] == name || numeric && uid == id) {
			u.UID, u.Groups, name, found = uid, []uint32{gid}, fields[0], true
			break
		}
	}
	if !found && !numeric {
		return User{}, fmt.Errorf("its user %q is not in its /etc/passwd", name)
	}
	if !found {
		return u, nil
	}
	for fields := range lines(group, 4) {
		gid, ok := number(fields[2])
		for member := range strings.SplitSeq(fields[3], ",") {
			if ok && member == name && gid != u.Groups[0] {
				u.Groups = append(u.Groups, gid)
			}
		}
	}
	return u, nil
}

func number(text string) (uint32, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return uint32(n), err == nil
}

// lines are the lines of a file of accounts that have that many fields.
func lines(file []byte, fields int) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(string(file)) {
			parts := strings.Split(strings.TrimSpace(line), ":")
			if len(parts) >= fields && !yield(parts) {
				return
			}
		}
	}
}

// accounts reads /etc/passwd and /etc/group as the layers show them, of which the last is on top.
func (s *store) accounts(layers []string) (passwd, group []byte, err error) {
	f := accountFiles{"etc/passwd": nil, "etc/group": nil}
	for i := len(layers) - 1; i >= 0 && !f.known(); i-- {
		if err := s.layer(layers[i], f); err != nil {
			return nil, nil, err
		}
	}
	of := func(name string) []byte {
		if f[name] == nil {
			return nil
		}
		return *f[name]
	}
	return of("etc/passwd"), of("etc/group"), nil
}

// accountFiles are the contents of files by their path; nil while one is not known.
type accountFiles map[string]*[]byte

func (f accountFiles) known() bool {
	for _, content := range f {
		if content == nil {
			return false
		}
	}
	return true
}

// layer reads what a layer says of files that those above it do not have.
func (s *store) layer(name string, f accountFiles) error {
	file, err := s.open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	data, err := unpacked(file)
	if err != nil {
		return err
	}
	here := make(accountFiles)
	for r := tar.NewReader(data); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("layer %s: %w", name, err)
		}
		if err := here.entry(path.Clean(strings.TrimPrefix(h.Name, "/")), h, r); err != nil {
			return err
		}
	}
	for name, content := range here {
		if f[name] == nil {
			f[name] = content
		}
	}
	return nil
}

// entry notes what an entry of a layer says of the files. A whiteout hides what is below the layer.
func (f accountFiles) entry(name string, h *tar.Header, r io.Reader) error {
	const whiteout = ".wh."
	hide := func(name string) {
		if f[name] == nil {
			f[name] = new([]byte)
		}
	}
	switch name {
	case "etc/passwd", "etc/group":
		if h.Typeflag != tar.TypeReg {
			return fmt.Errorf("its /%s is a link", name)
		}
		content, err := io.ReadAll(io.LimitReader(r, maxDocument))
		if err != nil {
			return err
		}
		f[name] = &content
	case whiteout + "etc", "etc/" + whiteout + whiteout + ".opq":
		hide("etc/passwd")
		hide("etc/group")
	case "etc/" + whiteout + "passwd", "etc/" + whiteout + "group":
		hide("etc/" + strings.TrimPrefix(path.Base(name), whiteout))
	case "etc":
		if h.Typeflag != tar.TypeDir {
			return errors.New("its /etc is a link")
		}
	}
	return nil
}

// unpacked is a layer without its compression.
func unpacked(layer io.Reader) (io.Reader, error) {
	b := bufio.NewReader(layer)
	magic, err := b.Peek(4)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(b)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return nil, errors.New("a layer is compressed with zstd, which specguard cannot read")
	default:
		return b, nil
	}
}
