package policy

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// Quantity is an amount of memory in bytes, such as 1048576, 1G or 256Mi: a whole
// number, which may be followed by k, M, G, T, Ki, Mi, Gi or Ti.
//
// Source: Kubernetes resource quantities, without the fractional and
// exponential forms.
type Quantity int64

// quantity is a whole number and a unit.
var quantity = regexp.MustCompile(`^([0-9]+)([A-Za-z]*)$`)

// units are the suffixes of a Quantity.
func units() []struct {
	suffix string
	bytes  int64
} {
	return []struct {
		suffix string
		bytes  int64
	}{
		{"Ti", 1 << 40}, {"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10},
		{"T", 1e12}, {"G", 1e9}, {"M", 1e6}, {"k", 1e3}, {"", 1},
	}
}

// UnmarshalText reads a quantity such as 256Mi, 1G or 1048576; anything else,
// zero, and what does not fit into 63 bits is an error.
func (q *Quantity) UnmarshalText(text []byte) error {
	bad := fmt.Errorf("%q is not an amount of memory (allowed: a whole number above 0, with k, M, G, T, Ki, Mi, Gi or Ti)", text)
	m := quantity.FindSubmatch(text)
	if m == nil {
		return bad
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil || n == 0 {
		return bad
	}
	for _, u := range units() {
		if u.suffix != string(m[2]) {
			continue
		}
		if n > math.MaxInt64/u.bytes {
			return fmt.Errorf("%q is too large", text)
		}
		*q = Quantity(n * u.bytes)
		return nil
	}
	return bad
}

// JSONSchema requires a number above 0, with or without a unit.
func (Quantity) JSONSchema() map[string]any {
	suffixes := make([]string, len(units()))
	for i, u := range units() {
		suffixes[i] = u.suffix
	}
	s := strict.Named("amount of memory", strict.Pattern("^0*[1-9][0-9]*("+strings.Join(suffixes, "|")+")$"))
	s["type"], s["minimum"] = []any{"string", "integer"}, 1
	return s
}

// String writes the quantity with the unit that makes the number smallest.
func (q Quantity) String() string {
	n, suffix := int64(q), ""
	for _, u := range units() {
		if int64(q)%u.bytes == 0 && int64(q)/u.bytes < n {
			n, suffix = int64(q)/u.bytes, u.suffix
		}
	}
	return strconv.FormatInt(n, 10) + suffix
}

// Size is an amount of memory as a Quantity, or 0 for none.
type Size int64

// UnmarshalText reads 0, or a quantity.
func (s *Size) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*s = 0
		return nil
	}
	var q Quantity
	if err := q.UnmarshalText(text); err != nil {
		return fmt.Errorf("%w, or 0", err)
	}
	*s = Size(q)
	return nil
}

// JSONSchema requires a number, with or without a unit.
func (Size) JSONSchema() map[string]any {
	s := Quantity(0).JSONSchema()
	s["pattern"] = strings.Replace(s["pattern"].(string), "^0*[1-9][0-9]*(", "^(0|0*[1-9][0-9]*(", 1)
	s["pattern"] = strings.TrimSuffix(s["pattern"].(string), "$") + ")$"
	s["minimum"] = 0
	return s
}

// String writes it as a Quantity.
func (s Size) String() string { return Quantity(s).String() }

// CPU is an amount of CPU time, in CPUs such as 2 or 0.5, or in thousandths of a CPU such as
// 500m.
//
// Source: Kubernetes resource quantities; a CPU has no finer unit there.
type CPU int64 // thousandths

// cpus is a number of CPUs, or of thousandths.
var cpus = regexp.MustCompile(cpuPattern)

const cpuPattern = `^(?:([0-9]{1,9})m|([0-9]{1,6})(?:\.([0-9]{1,3}))?)$`

// UnmarshalText reads an amount such as 2, 0.5 or 500m; anything else, zero,
// less than a thousandth and a million or more is an error.
func (c *CPU) UnmarshalText(text []byte) error {
	var n int64
	if m := cpus.FindSubmatch(text); m != nil {
		milli := string(m[1])
		if milli == "" {
			milli = string(m[2]) + (string(m[3]) + "000")[:3]
		}
		n, _ = strconv.ParseInt(milli, 10, 64) // at most nine digits
	}
	if n == 0 {
		return fmt.Errorf("%q is not an amount of CPU (allowed: a number above 0 with at most three decimals, such as 2 or 0.5, or "+
			"thousandths, such as 500m)", text)
	}
	*c = CPU(n)
	return nil
}

// JSONSchema requires a number above 0, or thousandths.
func (CPU) JSONSchema() map[string]any {
	s := strict.Named("amount of CPU", strict.Pattern(cpuPattern))
	s["type"], s["exclusiveMinimum"], s["exclusiveMaximum"] = []any{"string", "number"}, 0, 1_000_000
	s["not"] = strict.Pattern(`^[0.]*m?$`)
	return s
}

// String writes the amount in CPUs where it is whole, else in thousandths.
func (c CPU) String() string {
	if c%1000 == 0 {
		return strconv.FormatInt(int64(c)/1000, 10)
	}
	return strconv.FormatInt(int64(c), 10) + "m"
}
