package strict

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Placed is implemented by scalars that note their place, because an error in them can be
// reported only after everything is read. SetPlace is called after UnmarshalText has
// succeeded.
type Placed interface {
	encoding.TextUnmarshaler
	SetPlace(p Place)
}

// Place is the place of a value. Line and Column count from 1.
type Place struct {
	Line, Column int
	Path         string // such as spec.rules.capabilities.drop[1]
}

// Fault returns an error at the place.
func (p Place) Fault(format string, args ...any) Error {
	return Error{Line: p.Line, Column: p.Column, Path: p.Path, Msg: fmt.Sprintf(format, args...)}
}

func readsText(v reflect.Value) bool {
	return v.CanAddr() && v.Addr().Type().Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func (d *decoder) text(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, path, "must be a single value, not %s", describe(n))
		return
	}
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		d.fail(n, path, "must be plain, not tagged %s (quote it)", n.Tag)
		return
	}
	out := v.Addr().Interface()
	if err := out.(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
		d.fail(n, path, "%s", err)
		return
	}
	place := Place{Line: n.Line, Column: n.Column, Path: path}
	if p, ok := out.(Placed); ok {
		p.SetPlace(place)
	}
	if w, ok := out.(TextWarner); ok {
		if doubt := w.Doubt(n.Value); doubt != nil {
			d.warnings = append(d.warnings, place.Fault("%s", doubt))
		}
	}
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
			d.fail(n, path, "must be a string, not %s (quote it to make it one)", describe(n))
			return
		}
		v.SetString(n.Value)
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
			d.fail(n, path, "must be true or false, not %s", describe(n))
			return
		}
		v.SetBool(n.Value == "true" || n.Value == "True" || n.Value == "TRUE")
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(n.Value, 10, 64)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || octal(n.Value) {
			d.fail(n, path, "must be a whole number, not %s", describe(n))
			return
		}
		v.SetInt(i)
	case reflect.Uint32:
		u, err := strconv.ParseUint(n.Value, 10, 32)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || octal(n.Value) {
			d.fail(n, path, "must be a whole number from 0 to %d, not %s", uint32(math.MaxUint32), describe(n))
			return
		}
		v.SetUint(u)
	default:
		d.fail(n, path, "cannot be set here")
	}
}

// octal reports whether the number begins with a 0: YAML 1.1 takes 010 for 8,
// YAML 1.2 for 10.
func octal(number string) bool {
	digits := strings.TrimLeft(number, "+-")
	return len(digits) > 1 && digits[0] == '0'
}
