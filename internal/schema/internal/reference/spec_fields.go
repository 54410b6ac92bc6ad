package reference

import (
	"fmt"
	"strings"

	"github.com/specguard/specguard/internal/fields"
)

const fieldsHead = `<!-- Made by "make generate" from internal/fields/fields.yaml. Do not edit. -->

# Fields of a container's spec

This page lists every field of the [OCI runtime spec](https://github.com/opencontainers/runtime-spec) 1.3 and the
[rules](rules.md) that judge it. A test walks the types of the spec and fails if a field is missing here, so that a field
of the next version cannot be forgotten. Other tests change each field: every named rule must notice the change, and if
no rule is named, no rule may notice it. Lists and maps are written with ` + "`[]`" + `; ` + "`*`" + ` means any name.

Rule [` + "`custom`" + `](rules.md#custom) can read all fields. A field with *custom* is judged by no other rule: the right value
depends on the node. A field without any rule is safe whatever it says, for the reason given. A field that is newer
than the table reaches the OCI runtime unchanged: use a specguard that is newer than the field.

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
