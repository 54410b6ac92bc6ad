package manifest

import (
	"errors"
	"math/big"
	"regexp"
	"strings"
)

// quantity is an amount of a resource, in thousandths of its unit, rounded up.
//
// Source: Kubernetes, apimachinery/pkg/api/resource.
type quantity int64

var quantityForm = regexp.MustCompile(`^\+?([0-9]+\.?[0-9]*|\.[0-9]+)(?:([eE][+-]?[0-9]{1,2})|([KMGTPE]i|[numkMGTPE])?)$`)

// UnmarshalText reads a quantity such as 500m, 1.5Gi or 1e3. Amounts that do
// not fit become the largest that does.
func (q *quantity) UnmarshalText(text []byte) error {
	m := quantityForm.FindStringSubmatch(string(text))
	if m == nil {
		return errors.New("must be a quantity, such as 500m, 2 or 256Mi")
	}
	amount, _ := new(big.Rat).SetString(strings.TrimSuffix(m[1], ".") + m[2]) // is a number by the pattern
	amount.Mul(amount, unit(m[3]))
	thousandths := amount.Mul(amount, big.NewRat(1000, 1))
	rounded := new(big.Int).Sub(thousandths.Num(), big.NewInt(1)) // (n - 1) / d + 1 rounds up
	rounded.Div(rounded, thousandths.Denom()).Add(rounded, big.NewInt(1))
	if most := big.NewInt(1<<63 - 1); rounded.Cmp(most) > 0 {
		rounded = most
	}
	*q = quantity(rounded.Int64())
	return nil
}

// unit gives what a suffix stands for.
func unit(suffix string) *big.Rat {
	if binary, ok := strings.CutSuffix(suffix, "i"); ok {
		power := strings.Index("KMGTPE", binary) + 1
		return new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(10*power)))
	}
	power := map[string]int64{"n": -3, "u": -2, "m": -1, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}[suffix]
	thousands := new(big.Int).Exp(big.NewInt(1000), big.NewInt(max(power, -power)), nil)
	if power < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), thousands)
	}
	return new(big.Rat).SetInt(thousands)
}

func (q quantity) milli() int64 { return int64(q) }

// value is the amount in whole units, rounded up.
func (q quantity) value() int64 {
	if q%1000 > 0 {
		return int64(q)/1000 + 1
	}
	return int64(q) / 1000
}
