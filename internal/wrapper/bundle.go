package wrapper

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/internal/ocispec"
)

const configFile = "config.json"

// errChanged is about a bundle that is no longer what was judged.
var errChanged = errors.New("the bundle has changed while it was judged")

// bundle is an OCI bundle (OCI runtime spec, bundle.md) that is held while its
// spec is judged.
type bundle struct {
	path string
	root *os.Root
	spec []byte      // as it was read
	file os.FileInfo // its config.json
}

// openBundle reads the bundle's config.json, which must be a file of its own.
func openBundle(path string) (*bundle, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	b := &bundle{path: path, root: root}
	if b.spec, b.file, err = b.read(); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("read the bundle's config.json: %w", err)
	}
	return b, nil
}

// openSpec reads the bundle's config.json and decodes it.
func openSpec(path string) (*bundle, *specs.Spec, error) {
	b, err := openBundle(path)
	if err != nil {
		return nil, nil, err
	}
	spec, err := ocispec.Decode(b.spec)
	if err != nil {
		_ = b.Close()
		return nil, nil, err
	}
	return b, spec, nil
}

func (b *bundle) Close() error { return b.root.Close() }

func (b *bundle) read() ([]byte, os.FileInfo, error) {
	f, err := b.root.OpenFile(configFile, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return ocispec.ReadFile(f)
}

// check finds out whether the bundle is what was read: the folder that the
// runtime will open, and the file in it.
func (b *bundle) check() error {
	held, err := b.root.Stat(".")
	if err != nil {
		return err
	}
	named, err := os.Stat(b.path)
	if err != nil || !os.SameFile(held, named) {
		return errChanged
	}
	spec, file, err := b.read()
	if err != nil || !os.SameFile(file, b.file) || !bytes.Equal(spec, b.spec) {
		return errChanged
	}
	return nil
}

// replace puts the spec in the place of the one that was read, in one step.
func (b *bundle) replace(spec []byte) error {
	if err := b.check(); err != nil {
		return err
	}
	temp := fmt.Sprintf(".%s.specguard-%d", configFile, os.Getpid())
	if err := b.write(temp, spec); err != nil {
		_ = b.root.Remove(temp)
		return fmt.Errorf("write the bundle's config.json: %w", err)
	}
	if err := b.root.Rename(temp, configFile); err != nil {
		_ = b.root.Remove(temp)
		return fmt.Errorf("write the bundle's config.json: %w", err)
	}
	file, err := b.root.Lstat(configFile)
	if err != nil {
		return fmt.Errorf("write the bundle's config.json: %w", err)
	}
	b.spec, b.file = spec, file
	return b.check()
}

// write makes a file with the owner and the mode of the config.json.
func (b *bundle) write(name string, spec []byte) error {
	_ = b.root.Remove(name) // of a process that died and had the same id
	f, err := b.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(spec)
	if err == nil {
		err = f.Chmod(b.file.Mode().Perm())
	}
	if st, ok := b.file.Sys().(*syscall.Stat_t); ok && err == nil {
		err = f.Chown(int(st.Uid), int(st.Gid))
	}
	return errors.Join(err, f.Close())
}
