package reference

import (
	"fmt"
	"strings"

	"github.com/specguard/specguard/internal/fields"
)

const fieldsHead = `<!-- Made by "make generate" from internal/fields/fields.yaml. Do not edit. -->

# Fields of a container's spec

Every field of the [OCI runtime spec](https://github.com/opencontainers/runtime-spec) 1.3 and the
[rules](rules.md) that judge it. A test walks the types of the spec and fails where a field is missing here, so that a
field of the next version cannot be forgotten. Others change each field: they fail unless every rule that is named
takes notice, and where none is named if one does. Lists and maps are written with ` + "`[]`" + `; ` + "`*`" + ` stands for any name.

Rule [` + "`custom`" + `](rules.md#custom) sees all of them. Where *custom* stands, no other rule does: what is right there
depends on the node. Where nothing stands, whatever the field says is safe for the reason given. A field that is newer
than the table reaches the OCI runtime as it is: keep specguard newer than that.

`

// Fields returns the page of the fields of a spec.
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
