package ocispec

import (
	"hash/maphash"
	"reflect"
)

// digest is a number that is the same for equal values, and almost certainly another one for
// others. The seed must be the same. It is cheaper than comparing texts, and allocates little.
func digest(seed maphash.Seed, v reflect.Value) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	writeDigest(&h, seed, v)
	return h.Sum64()
}

func writeDigest(h *maphash.Hash, seed maphash.Seed, v reflect.Value) {
	number := func(n uint64) { maphash.WriteComparable(h, n) }
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			number(0)
			return
		}
		number(1)
		writeDigest(h, seed, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			writeDigest(h, seed, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			number(0)
			return
		}
		number(uint64(v.Len()) + 1)
		for i := range v.Len() {
			writeDigest(h, seed, v.Index(i))
		}
	case reflect.Map: // in no order
		sum := uint64(v.Len())
		if !v.IsNil() {
			sum++
		}
		for entries := v.MapRange(); entries.Next(); {
			var entry maphash.Hash
			entry.SetSeed(seed)
			writeDigest(&entry, seed, entries.Key())
			writeDigest(&entry, seed, entries.Value())
			sum += entry.Sum64()
		}
		number(sum)
	case reflect.String:
		number(uint64(v.Len()))
		_, _ = h.WriteString(v.String()) // never fails
	case reflect.Bool:
		maphash.WriteComparable(h, v.Bool())
	default:
		switch {
		case v.CanInt():
			maphash.WriteComparable(h, v.Int())
		case v.CanUint():
			number(v.Uint())
		case v.CanFloat():
			maphash.WriteComparable(h, v.Float())
		}
	}
}
