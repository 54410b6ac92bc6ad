package vm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/specguard/specguard/e2e/build"
)

// GuestCache is where the machine has built container runtimes, as [build.Cache]
// keeps them.
const GuestCache = "/usr/lib/specguard-e2e"

// input is what goes into an image besides its base.
type input struct {
	programs []program
	policy   []string // files
}

// A program is a file of the machine outside that the image gets; or a link.
type program struct{ source, target, link string }

// inputs builds the container runtimes.
func inputs(ctx context.Context, cache *build.Cache, policy []string) (input, error) {
	in := input{policy: policy}
	for _, release := range []build.Release{build.Containerd2, build.Containerd1, build.CRIO} {
		built, err := cache.Programs(ctx, release)
		if err != nil {
			return input{}, err
		}
		entries, err := os.ReadDir(built.Dir)
		if err != nil {
			return input{}, err
		}
		for _, entry := range entries {
			p := program{source: filepath.Join(built.Dir, entry.Name()), target: path.Join(GuestCache, filepath.Base(built.Dir), entry.Name())}
			if release == build.Containerd2 { // the machine's own
				p.link, p.target = p.target, "/usr/bin/"+entry.Name()
			}
			in.programs = append(in.programs, p)
		}
	}
	runc, err := cache.NewRunc(ctx)
	if err != nil {
		return input{}, err
	}
	in.programs = append(in.programs, program{
		source: runc, target: "/usr/local/sbin/runc", link: path.Join(GuestCache, "runc-"+build.RuncVersion, "runc"),
	})
	return in, nil
}

// key is the hash of all that an image is made from.
func (i input) key(base string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, base)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		fmt.Fprintf(h, "%q %q\n", name, data)
		return err
	})
	if err != nil {
		return "", err
	}
	add := func(name, file string) {
		f, openErr := os.Open(file)
		if openErr != nil {
			err = errors.Join(err, openErr)
			return
		}
		defer f.Close()
		fmt.Fprintf(h, "%q\n", name)
		_, copyErr := io.Copy(h, f)
		err = errors.Join(err, copyErr)
	}
	for _, p := range i.programs {
		add(p.target+" "+p.link, p.source)
	}
	for _, file := range i.policy {
		add(filepath.Base(file), file)
	}
	return hex.EncodeToString(h.Sum(nil)[:6]), err
}

// write writes what goes over the base's root to stage/root, and modules of
// policy to stage/policy.
func (i input) write(stage string) error {
	for _, name := range []string{"root", "policy"} {
		sub, err := fs.Sub(files, "files/"+name)
		if err != nil {
			return err
		}
		if err := os.CopyFS(filepath.Join(stage, name), sub); err != nil {
			return err
		}
	}
	root := filepath.Join(stage, "root")
	if err := executable(filepath.Join(root, "usr/local/sbin")); err != nil {
		return err
	}
	wants := filepath.Join(root, "etc/systemd/system/graphical.target.wants")
	if err := errors.Join(os.MkdirAll(wants, 0o755), os.Symlink("../e2e-job.service", filepath.Join(wants, "e2e-job.service"))); err != nil {
		return err
	}
	for _, p := range i.programs {
		if err := copyFile(p.source, filepath.Join(root, p.target), 0o755); err != nil {
			return err
		}
		if p.link == "" {
			continue
		}
		link := filepath.Join(root, p.link)
		if err := errors.Join(os.MkdirAll(filepath.Dir(link), 0o755), os.Symlink(p.target, link)); err != nil {
			return err
		}
	}
	for _, file := range i.policy {
		if err := copyFile(file, filepath.Join(stage, "policy", filepath.Base(file)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func executable(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		err = errors.Join(err, os.Chmod(filepath.Join(dir, entry.Name()), 0o755))
	}
	return err
}

func copyFile(source, target string, mode os.FileMode) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(target, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:6])
}
