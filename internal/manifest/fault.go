package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Error is an error in a manifest and its place, both counted from 1.
type Error struct {
	Line, Column int
	Msg          string
}

func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Msg) }

// Faults are errors in a manifest; never empty as an error.
type Faults []*Error

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, e := range f {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors.
func (f Faults) Unwrap() []error {
	out := make([]error, len(f))
	for i, e := range f {
		out[i] = e
	}
	return out
}

// faultsOf are the faults that an error of this package is.
func faultsOf(err error) Faults {
	var one *Error
	var several Faults
	switch {
	case errors.As(err, &several):
		return several
	case errors.As(err, &one):
		return Faults{one}
	default:
		return nil
	}
}

// maxFaults bounds how many faults of a manifest are reported.
const maxFaults = 50

// sorted are the faults by their place, each once, and not too many.
func (f Faults) sorted() Faults {
	slices.SortStableFunc(f, func(a, b *Error) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	f = slices.CompactFunc(f, func(a, b *Error) bool { return *a == *b })
	if len(f) > maxFaults {
		more := &Error{Line: f[maxFaults].Line, Column: f[maxFaults].Column, Msg: fmt.Sprintf("and %d more errors", len(f)-maxFaults)}
		f = append(slices.Clone(f[:maxFaults]), more)
	}
	return f
}
