package mounts

import (
	"errors"
	"path"

	"github.com/specguard/specguard/policy"
)

// Places tells where the files are that paths of a node show.
type Places struct{ tree *tree }

// NewPlaces is about the mounts of the table.
func NewPlaces(node Table) *Places { return &Places{newTree(node)} }

// Shown is where the files at the path are, in which no link is followed, and then those of all that is
// mounted below it, also of what another mount hides.
func (p *Places) Shown(at string) ([]policy.Location, error) {
	at = path.Clean(at)
	first, ok := p.tree.at(at)
	if !ok {
		return nil, errors.New("the node's mounts have no root")
	}
	out := []policy.Location{policy.Location(first)}
	for _, m := range p.tree.table {
		if rest, in := under(at, m.Mountpoint); in && rest != "" {
			out = append(out, policy.Location(identity(m)))
		}
	}
	return out, nil
}
