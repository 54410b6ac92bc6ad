package release

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// programs builds the programs for each architecture, and packs them with what
// goes beside them.
func (m *maker) programs(ctx context.Context) error {
	beside, err := m.beside()
	if err != nil {
		return err
	}
	pages, err := m.manualPages(ctx)
	if err != nil {
		return err
	}
	m.built = make(map[string]folder)
	for _, arch := range architectures() {
		if m.built[arch], err = m.build(ctx, arch); err != nil {
			return err
		}
		name := fmt.Sprintf("specguard_%s_linux_%s", m.Version, arch)
		all := folder{}
		for _, files := range []folder{m.built[arch], beside, pages} {
			for at, f := range files {
				all[path.Join(name, at)] = f
			}
		}
		if err := pack(m.path(name+".tar.gz"), all, m.when); err != nil {
			return err
		}
	}
	return nil
}

// build builds the programs as the Makefile does, and lists what they are made
// of. It gives the programs.
func (m *maker) build(ctx context.Context, arch string) (folder, error) {
	bin, err := os.MkdirTemp("", "specguard-release")
	if err != nil {
		return nil, fmt.Errorf("folder for programs: %w", err)
	}
	defer os.RemoveAll(bin)
	cmd := exec.CommandContext(ctx, "make", "sbom", "BIN="+bin, "VERSION="+m.Version)
	cmd.Dir, cmd.Env = m.Checkout, append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build for %s: %w\n%s", arch, err, out)
	}
	out := folder{}
	for _, program := range []string{"specguard", "specguard-runtime"} {
		data, err := os.ReadFile(filepath.Join(bin, program))
		if err != nil {
			return nil, fmt.Errorf("read what was built: %w", err)
		}
		out[program] = file{data, 0o755}
		sbom, err := os.ReadFile(filepath.Join(bin, program+".cdx.json"))
		if err != nil {
			return nil, fmt.Errorf("read the SBOM: %w", err)
		}
		name := fmt.Sprintf("specguard_%s_linux_%s.%s.cdx.json", m.Version, arch, program)
		if err := os.WriteFile(m.path(name), sbom, 0o644); err != nil {
			return nil, fmt.Errorf("write the SBOM: %w", err)
		}
	}
	return out, nil
}

// beside is what lies beside the programs in an archive.
func (m *maker) beside() (folder, error) {
	out := folder{}
	for _, name := range []string{"LICENSE", "THIRD_PARTY_NOTICES", "README.md", "CHANGELOG.md"} {
		data, err := os.ReadFile(filepath.Join(m.Checkout, name))
		if err != nil {
			return nil, fmt.Errorf("read what goes beside the programs: %w", err)
		}
		out[name] = file{data, 0o644}
	}
	for _, dir := range []string{"deploy/systemd", "deploy/selinux", "deploy/containerd", "deploy/crio"} {
		files, err := readFolder(filepath.Join(m.Checkout, dir))
		if err != nil {
			return nil, err
		}
		for name, f := range files {
			out[path.Join(dir, name)] = f
		}
	}
	return out, nil
}

// manualPages are those of the commands, in the folder man.
func (m *maker) manualPages(ctx context.Context) (folder, error) {
	dir, err := os.MkdirTemp("", "specguard-release")
	if err != nil {
		return nil, fmt.Errorf("folder for manual pages: %w", err)
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, "make", "man", "MAN="+dir, "VERSION="+m.Version)
	cmd.Dir = m.Checkout
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", m.when.Unix()), "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("write manual pages: %w\n%s", err, out)
	}
	pages, err := readFolder(dir)
	out := folder{}
	for name, f := range pages {
		out[path.Join("man", name)] = f
	}
	return out, err
}

// chart packs the Helm chart, which must be of that version.
func (m *maker) chart(context.Context) error {
	files, err := readFolder(filepath.Join(m.Checkout, "deploy/helm/specguard"))
	if err != nil {
		return err
	}
	for _, line := range []string{"version: " + strings.TrimPrefix(m.Version, "v"), "appVersion: " + m.Version} {
		if !strings.Contains("\n"+string(files["Chart.yaml"].data), "\n"+line+"\n") {
			return fmt.Errorf("deploy/helm/specguard/Chart.yaml has no line %q: a chart is of the version of its release", line)
		}
	}
	out := folder{}
	for name, f := range files {
		out[path.Join("specguard", name)] = f
	}
	return pack(m.path("specguard-chart_"+m.Version+".tgz"), out, m.when)
}

// readFolder reads all files below a folder.
func readFolder(dir string) (folder, error) {
	out := folder{}
	err := filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, at)
		out[filepath.ToSlash(name)] = file{data, 0o644}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the folder %s: %w", dir, err)
	}
	return out, nil
}
