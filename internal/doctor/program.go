package doctor

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// program is an OCI runtime on the node.
type program struct {
	path      string // as the host names it
	component string // as the data of vulnerabilities names it; "" for another one
	version   version
	err       error // it could not be asked
}

func (p *program) String() string { return p.component + " " + p.version.text }

// programFolders are where OCI runtimes usually are; CRI-O's packages bring their
// own in the last.
func programFolders() []string {
	return []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/libexec/crio"}
}

// findPrograms asks the OCI runtimes of the usual folders, and those that the
// runtimes and the wrapper are configured to use, for their versions.
func (n *Node) findPrograms(ctx context.Context) []program {
	var names []string
	for _, folder := range programFolders() {
		for _, name := range []string{"runc", "crun"} {
			if info, err := n.files.Stat(path.Join(folder, name)); err == nil && info.Mode().IsRegular() {
				names = append(names, path.Join(folder, name))
			}
		}
	}
	var configured []string
	for _, real := range n.wrapped.Runtimes {
		configured = append(configured, string(real))
	}
	for _, r := range n.runtimes {
		configured = append(configured, slices.Collect(maps.Values(r.config.Handlers))...)
	}
	slices.Sort(configured)
	for _, name := range configured {
		if path.IsAbs(name) { // a bare name is one of those that were looked for
			names = append(names, name)
		}
	}
	var out []program
	known := make(map[string]bool)
	for _, name := range names {
		place, resolved, err := n.files.At(name)
		if known[resolved] || strings.HasPrefix(path.Base(name), "specguard-") {
			continue
		}
		known[resolved] = true
		p := program{path: name, err: err}
		if err == nil {
			n.ask(ctx, &p, place)
		}
		out = append(out, p)
	}
	return out
}

// ask runs the program for its version.
func (n *Node) ask(ctx context.Context, p *program, place string) {
	out, err := n.output(ctx, p.path, place, "--version")
	if err != nil {
		p.err = err
		return
	}
	component, text := programVersion(out)
	if component == "" {
		return // another one: nothing is known of it
	}
	p.component = component
	var known bool
	if p.version, known = parseVersion(text); !known {
		p.err = fmt.Errorf("%s --version prints %q", p.path, text)
	}
}

// output is what the program at that path of the host prints. One that others can write is not
// run: it would be theirs.
func (n *Node) output(ctx context.Context, path, place, arg string) (string, error) {
	why, err := n.files.loose(path)
	if err == nil && why != "" {
		err = fmt.Errorf("not run: %s", why)
	}
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, place, arg)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.WaitDelay = askTimeout
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", path, arg, err)
	}
	return string(out), nil
}

// checkOCIRuntime reports which OCI runtimes there are.
func checkOCIRuntime(_ context.Context, n *Node) []Finding {
	if n.Root == "" {
		return []Finding{notSeen("OCI runtimes")}
	}
	if len(n.programs) == 0 {
		return []Finding{warning("name the OCI runtime in the container runtime's configuration",
			"neither runc nor crun in %s", strings.Join(programFolders(), ", "))}
	}
	var out []Finding
	for _, p := range n.programs {
		switch why, err := n.files.loose(p.path); {
		case err != nil:
			out = append(out, problem("install it, or configure another one", "%v", err))
		case why != "":
			out = append(out, problem("let only root write it: chown root: and chmod go-w", "%s: %s", p.path, why))
		case p.err != nil:
			out = append(out, warning("run it on the node itself", "%v", p.err))
		case p.component == "":
			out = append(out, warning("test that it runs createRuntime hooks, and fails if one fails: seals rely on it",
				"%s is neither runc nor crun", p.path))
		default:
			out = append(out, ok("%s at %s", &p, p.path))
		}
	}
	return out
}
