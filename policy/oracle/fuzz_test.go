package oracle

import (
	"math/rand/v2"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
)

// FuzzOracle judges a spec of a real runtime with the mutations that the bytes
// pick. Each run of it is one spec.
func FuzzOracle(f *testing.F) {
	from, p := bases(f), newPolicies(f)
	for i := range from {
		f.Add(uint8(i), []byte{})
	}
	for seed := range uint64(150) {
		f.Add(uint8(seed), someBytes(seed))
	}
	f.Fuzz(func(t *testing.T, base uint8, picks []byte) {
		one, edits := try(from, p, base, picks)
		for _, found := range one.found {
			t.Error(one.report(found, edits))
		}
	})
}

// try judges a base with the mutations that the bytes pick.
func try(from []*specs.Spec, p *policies, base uint8, picks []byte) (*trial, []string) {
	c := &choice{left: picks}
	n := node{appArmor: base&0x20 == 0, hostNetwork: base&0xc0 == 0xc0, delegated: base&0x40 != 0}
	spec := ocispec.Clone(from[int(base&0x1f)%len(from)])
	edits := mutate(c, spec)
	return p.judge(n, spec, c), edits
}

// someBytes are picks that are the same for a seed each time.
func someBytes(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]byte, 1+r.IntN(24))
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}
