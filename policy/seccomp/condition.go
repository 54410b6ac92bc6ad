package seccomp

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// low is the part of an argument that a 32-bit architecture, and an int of the
// kernel, has.
const low = 1<<32 - 1

// holds reports whether the condition holds for an argument of that many bits.
func holds(c specs.LinuxSeccompArg, x uint64, bits int) bool {
	value, two := c.Value, c.ValueTwo
	if bits == 32 {
		x, value, two = x&low, value&low, two&low
	}
	switch c.Op {
	case specs.OpEqualTo:
		return x == value
	case specs.OpNotEqual:
		return x != value
	case specs.OpLessThan:
		return x < value
	case specs.OpLessEqual:
		return x <= value
	case specs.OpGreaterThan:
		return x > value
	case specs.OpGreaterEqual:
		return x >= value
	case specs.OpMaskedEqual:
		return x&value == two&value
	}
	return true // an OCI runtime refuses what it does not know
}

// can reports whether the condition can hold for an argument whose low half is x.
func can(c specs.LinuxSeccompArg, x uint32) bool {
	return slices.ContainsFunc(highs(c), func(high uint64) bool { return holds(c, high|uint64(x), 64) }) || holds(c, uint64(x), 32)
}

// must reports whether the condition holds for every argument whose low half is x.
func must(c specs.LinuxSeccompArg, x uint32) bool {
	return !slices.ContainsFunc(highs(c), func(high uint64) bool { return !holds(c, high|uint64(x), 64) }) && holds(c, uint64(x), 32)
}

// exactly reports whether the condition holds for that argument on every
// architecture.
func exactly(c specs.LinuxSeccompArg, x uint64) bool { return holds(c, x, 64) && holds(c, x, 32) }

// highs are high halves of an argument that between them show all that the
// condition can make of a low half: those next to what it compares with, and the
// ends.
func highs(c specs.LinuxSeccompArg) []uint64 {
	const one = uint64(1) << 32
	at, two := c.Value&^low, c.ValueTwo&^low
	return []uint64{0, one, at, at + one, at - one, two & at, ^two &^ low, ^uint64(low)}
}

// apart reports whether no argument meets both conditions.
func apart(a, b specs.LinuxSeccompArg) bool {
	if a.Index != b.Index {
		return false
	}
	if values, ok := few(a); ok {
		return !slices.ContainsFunc(values, func(x uint64) bool { return holds(b, x, 64) || holds(b, x, 32) })
	}
	if values, ok := few(b); ok {
		return !slices.ContainsFunc(values, func(x uint64) bool { return holds(a, x, 64) || holds(a, x, 32) })
	}
	return a.Op == specs.OpMaskedEqual && b.Op == specs.OpMaskedEqual && (a.ValueTwo^b.ValueTwo)&a.Value&b.Value&low != 0
}

// implies reports whether an argument that meets a meets b.
func implies(a, b specs.LinuxSeccompArg) bool {
	if a.Index != b.Index {
		return false
	}
	if a == b {
		return true
	}
	values, ok := few(a)
	return ok && !slices.ContainsFunc(values, func(x uint64) bool { return !exactly(b, x) })
}

// few lists the arguments that meet the condition, where they are few and none
// has a high half.
func few(c specs.LinuxSeccompArg) (values []uint64, ok bool) {
	switch {
	case c.Op == specs.OpEqualTo && c.Value <= low:
		return []uint64{c.Value}, true
	case c.Op == specs.OpMaskedEqual && ^c.Value < 1<<8:
		for x := range ^c.Value + 1 {
			if x&c.Value == 0 {
				values = append(values, c.ValueTwo&c.Value|x)
			}
		}
		return values, c.ValueTwo&c.Value <= low
	}
	return nil, false
}
