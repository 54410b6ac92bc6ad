package policy

import (
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// moveHome sets HOME for the new user, where it is missing or root's. A missing and
// an empty one are the same: OCI runtimes take the home of the user in the image's
// /etc/passwd then, or / if it has none. Of several entries the last one counts.
//
// Source: runc, libcontainer/env.go (prepareEnv); crun, src/libcrun/container.c
// (set_home_env).
func moveHome(p *specs.Process, moved absPath) []string {
	const name = "HOME="
	if moved == "" {
		return nil
	}
	home := ""
	for _, entry := range p.Env {
		if value, ok := strings.CutPrefix(entry, name); ok {
			home = value
		}
	}
	if !slices.Contains([]string{"", "/root", "/root/"}, home) {
		return nil
	}
	p.Env = slices.DeleteFunc(p.Env, func(entry string) bool { return strings.HasPrefix(entry, name) })
	p.Env = append(p.Env, name+string(moved))
	return []string{"set HOME"}
}
