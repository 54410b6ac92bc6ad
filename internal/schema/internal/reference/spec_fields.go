package reference

import (
	"fmt"
	"strings"

	"github.com/specguard/specguard/internal/fields"
)

const fieldsHead = `<!-- Made by "make generate" from internal/fields/fields.yaml. Do not edit. -->

# Fields of a container's spec

This page lists every field of the [OCI runtime spec](https://github.com/opencontainers/runtime-spec) 1.3 and the
[rules](rules.md) that judge it. A test compares this page with the Go types of the spec, so that no field of a newer
version is forgotten. Other tests change each field and check that every rule that is named here notices the change, and
that no rule does if none is named. ` + "`[]`" + ` stands for any element of a list or map, ` + "`*`" + ` for any field.

Rule [` + "`custom`" + `](rules.md#custom) can read all fields. If a field is marked *custom*, no other rule judges it, because
the right value depends on the node. A field without a rule is safe with any value; the last column says why. specguard
passes fields that it does not know on to the OCI runtime. So use a version that knows the fields of your runtimes.

`

// Fields returns the page about the fields of a spec.
func Fields(rows []fields.Row) []byte {
	w := &page{}
	fmt.Fprint(w, fieldsHead)
	w.table("field", "rules", "")
	for i := range rows {
		r := &rows[i]
		w.row(paths(r), judges(r), r.Why)
	}
	return []byte(w.String())
}

// paths lists the fields of the row.
func paths(r *fields.Row) string {
	out := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		out[i] = "`" + string(f) + "`"
	}
	text := strings.Join(out, ", ")
	if r.Whole {
		text += " with all below"
	}
	return text
}

// judges lists what judges the fields of the row.
func judges(r *fields.Row) string {
	if r.Custom {
		return "*custom*"
	}
	out := make([]string, len(r.Rules))
	for i, name := range r.Rules {
		out[i] = fmt.Sprintf("[`%s`](rules.md#%s)", name, strings.ToLower(name))
	}
	return strings.Join(out, ", ")
}
