package policy

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/internal/oneline"
)

// FieldChange is one field of the spec that a rule edited: what it was, and what it became.
// It never holds values of environment variables or arguments.
type FieldChange struct {
	Policy string `json:"policy"`
	Rule   string `json:"rule"`

	// Field is the field's path in the OCI spec, such as process.user.uid. An element of a list
	// of objects is named by what identifies it: mounts./tmp, hooks.createRuntime./bin/hook. If
	// very many elements of a list were edited, the list is the field, and the values name them.
	Field string `json:"field"`

	// Was and Now are the values, in one line of at most maxFieldText bytes: a list of plain
	// values is joined by commas, an object is JSON. "" is a field that is not there, and "[]"
	// an empty list.
	Was string `json:"was,omitempty"`
	Now string `json:"now,omitempty"`
}

const (
	// maxFields bounds how many changes of fields a decision lists: a pod can have
	// thousands of mounts.
	maxFields = 48

	// maxFieldText bounds a value, in bytes. The default capabilities of containerd fit.
	maxFieldText = 320
)

// fieldNotes is what is known of fields that rules have edited so far.
type fieldNotes struct {
	edits   *ocispec.Edits
	now     map[string]string // the value of each
	seccomp *bound            // the rule that asked first for another seccomp profile
}

// noteFields notes what a rule has just edited. Without a rule, whoever edited a field
// last has done it.
func (e *evaluation) noteFields(r *bound) {
	if e.sub.ended() {
		return // nothing comes of it
	}
	if e.fields.edits == nil {
		e.fields.edits, e.fields.now = ocispec.EditsOf(e.sub.came), make(map[string]string)
	}
	for _, edit := range e.fields.edits.Next(e.sub.Spec) {
		was, again := e.fields.now[edit.Field]
		if again && was == edit.Now {
			continue
		}
		e.fields.now[edit.Field] = edit.Now
		switch {
		case r != nil && again:
			e.noteField(r, edit.Field, was, edit.Now)
		case r != nil:
			e.noteField(r, edit.Field, edit.Was, edit.Now)
		default:
			e.decision.renew(edit)
		}
	}
}

func (e *evaluation) noteField(r *bound, field, was, now string) {
	d := e.decision
	if len(d.Fields) == maxFields {
		d.MoreFields++
		return
	}
	d.Fields = append(d.Fields, FieldChange{
		Policy: r.policy.name, Rule: r.name, Field: brief(field), Was: brief(was), Now: brief(now),
	})
}

// dropFields takes fields out of the list that are in the end as they came. A part of something that
// was removed later stays.
func (e *evaluation) dropFields() {
	if e.fields.edits == nil {
		return
	}
	differing := make(map[string]bool)
	for _, f := range e.fields.edits.Differing() {
		differing[brief(f)] = true
	}
	e.decision.Fields = slices.DeleteFunc(e.decision.Fields, func(c FieldChange) bool {
		for at, char := range c.Field {
			if char == '.' && differing[c.Field[:at]] {
				return false
			}
		}
		return !differing[c.Field]
	})
}

// renew sets what the field became, where its last change is listed.
func (d *Decision) renew(edit ocispec.Edit) {
	for i := len(d.Fields) - 1; i >= 0; i-- {
		if d.Fields[i].Field == brief(edit.Field) {
			d.Fields[i].Now = brief(edit.Now)
			return
		}
	}
}

// noteSeccomp notes who has just asked for another seccomp profile.
func (e *evaluation) noteSeccomp(r *bound) {
	if e.fields.seccomp == nil && (e.sub.seccomp.give != "" || !e.sub.seccomp.block.Empty()) {
		e.fields.seccomp = r
	}
}

// noteProfile notes that the spec has another seccomp profile than the one that came.
func (e *evaluation) noteProfile() {
	if e.fields.seccomp == nil {
		return
	}
	was, now := profileIn(e.sub.came), profileIn(e.sub.Spec)
	if !reflect.DeepEqual(was, now) {
		e.noteField(e.fields.seccomp, "linux.seccomp", profileText(was), profileText(now))
	}
}

func profileIn(spec *specs.Spec) *specs.LinuxSeccomp {
	if spec.Linux == nil {
		return nil
	}
	return spec.Linux.Seccomp
}

// profileText says how a profile differs from others at first sight; "" for none.
func profileText(p *specs.LinuxSeccomp) string {
	if p == nil {
		return ""
	}
	calls := 0
	for _, s := range p.Syscalls {
		calls += len(s.Names)
	}
	return fmt.Sprintf("defaultAction %s, %d rules with %d system calls", p.DefaultAction, len(p.Syscalls), calls)
}

// brief is text of others in one line, and not too long.
func brief(text string) string { return upTo(oneline.Of(text), maxFieldText) }

// OneLine is the change as it is shown if others may have written it: without characters
// that cannot be printed.
func (f FieldChange) OneLine() FieldChange {
	return FieldChange{
		Policy: brief(f.Policy), Rule: brief(f.Rule), Field: brief(f.Field), Was: brief(f.Was), Now: brief(f.Now),
	}
}
