package recordsize

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// part is a field of a message, and its size.
type part struct {
	name string
	size int
}

// partName returns the word for a field.
func partName(field protoreflect.Name) string {
	switch field {
	case "env":
		return "environment"
	case "args":
		return "arguments"
	case "linux":
		return "Linux settings"
	default:
		return strings.ReplaceAll(string(field), "_", " ")
	}
}

// parts names up to three of the largest fields with their sizes. It shows no values.
func parts(message proto.Message) string {
	var all []part
	m := message.ProtoReflect()
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		alone := m.New()
		alone.Set(field, value)
		all = append(all, part{partName(field.Name()), proto.Size(alone.Interface())})
		return true
	})
	slices.SortFunc(all, func(a, b part) int { return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.name, b.name)) })
	var out []string
	for i, p := range all {
		if i == 3 || i > 0 && p.size < all[0].size/20 {
			break
		}
		out = append(out, p.name+" "+Bytes(p.size))
	}
	return strings.Join(out, ", ")
}

// Bytes formats a size in bytes for people.
func Bytes(n int) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return decimals(float64(n)/(1<<10)) + " KiB"
	default:
		return decimals(float64(n)/(1<<20)) + " MiB"
	}
}

func decimals(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0") }
