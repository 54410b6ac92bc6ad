// Package scope keeps processes in a folder and in cgroups of their own. A
// janitor process ends them and removes all that they left, mounts, cgroups and
// files, when the scope is closed or when whoever made it ends, even by SIGKILL.
package scope

import (
	"os"
	"path/filepath"
)

// A Scope is a folder and a cgroup in every hierarchy.
type Scope struct {
	dir     string
	cgroup  cgroup
	janitor *janitor
}

// New makes the scope of a folder, which goes with it, here too if there is an
// error.
func New(dir string) (*Scope, error) {
	cgroup, err := newCgroup("specguard-e2e-" + filepath.Base(dir))
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	janitor, err := hireJanitor(dir, cgroup.all)
	if err != nil {
		os.RemoveAll(dir)
		os.RemoveAll(cgroup.daemons)
		return nil, err
	}
	return &Scope{dir: dir, cgroup: cgroup, janitor: janitor}, nil
}

// Close ends every process of the scope and removes all that it left. Further
// calls do nothing.
func (s *Scope) Close() error { return s.janitor.clean() }

// Dir is the scope's folder.
func (s *Scope) Dir() string { return s.dir }

// Cgroup is the scope's name in every cgroup hierarchy.
func (s *Scope) Cgroup() string { return s.cgroup.name }

// Cgroups are the scope's folders in every cgroup hierarchy.
func (s *Scope) Cgroups() []string { return s.cgroup.all }
