package schema

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

// builder makes schemas of types.
type builder struct {
	comments Comments
	used     Comments // those that were asked for
	spec     node     // of the document in hand
}

func newBuilder(c Comments) *builder { return &builder{comments: c, used: make(Comments)} }

func (b *builder) comment(name string) string {
	text, ok := b.comments[name]
	if ok {
		b.used[name] = text
	}
	return text
}

// value describes what package strict reads into the type.
func (b *builder) value(t reflect.Type) node {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	b.comment(key(t)) // for those who explain it
	if ReadsText(t) {
		return b.scalar(t)
	}
	switch t.Kind() {
	case reflect.Struct:
		return b.object(t)
	case reflect.Slice:
		return node{"type": "array", "items": b.value(t.Elem())}
	case reflect.Map:
		n := node{"type": "object", "additionalProperties": b.value(t.Elem())}
		if ReadsText(t.Key()) {
			n["propertyNames"] = b.scalar(t.Key())
		}
		return n
	case reflect.Bool:
		return node{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return node{"type": "integer"}
	case reflect.Uint32:
		return node{"type": "integer", "minimum": 0, "maximum": uint32(math.MaxUint32)}
	default:
		return node{"type": "string"}
	}
}

// object describes a struct.
func (b *builder) object(t reflect.Type) node {
	fields := properties{}
	for _, f := range Fields(t) {
		fields = append(fields, property{f.Key, b.field(f)})
	}
	n := node{"type": "object", "additionalProperties": false, "properties": fields}
	n.merge(described(t))
	return n
}

func (b *builder) field(f Field) node {
	n := b.nodeOf(f)
	text, def := SplitDefault(b.comment(f.comment()))
	if text = Plain(text, f.Name, f.Owner); text != "" {
		n["description"] = text
	}
	if v, ok := defaultOf(f.Type, def); ok {
		n["default"] = v
	}
	return n
}

// nodeOf describes what stands in the field. Some stay YAML nodes.
func (b *builder) nodeOf(f Field) node {
	switch {
	case f.Type != reflect.TypeFor[yaml.Node]():
		return b.value(f.Type)
	case strings.HasSuffix(f.comment(), ".document.Spec"):
		return b.spec
	case IsRules(&f):
		return b.rules()
	case IsAllow(&f):
		return b.allowances()
	default:
		return node{"type": "object"}
	}
}

// scalar describes a type that reads text. It reads what YAML takes for a
// number, too, if the text fits.
func (b *builder) scalar(t reflect.Type) node {
	n := node{}
	n.merge(described(t))
	if values, ok := n["enum"].([]any); ok {
		b.describeValues(n, t, values)
		return n
	}
	if n["type"] == "string" && reads(t, "1") {
		n["type"] = []string{"string", "number"}
	}
	if message := allowed(t); n["pattern"] != nil && message != "" {
		n["patternErrorMessage"] = message
	}
	return n
}

// allowed is what the type says of what it reads, when it is given something else.
func allowed(t reflect.Type) string {
	_, text, ok := strings.Cut(fmt.Sprint(read(t, "\x00")), "(allowed: ")
	if !ok {
		return ""
	}
	return "Allowed: " + strings.TrimSuffix(text, ")") + "."
}

// describeValues adds what is said of each value.
func (b *builder) describeValues(n node, t reflect.Type, values []any) {
	texts := make([]string, len(values))
	for i, v := range values {
		if texts[i] = b.comment(valueKey(t, v.(string))); texts[i] == "" {
			return
		}
	}
	n["enumDescriptions"] = texts
}

// defaultOf reads the default of a field of that type; none if it is said in
// words.
func defaultOf(t reflect.Type, text string) (any, bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Bool:
		return false, true
	case ReadsText(t):
		return text, text != "" && reads(t, text)
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64, t.Kind() == reflect.Uint32:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	default:
		return nil, false
	}
}

func described(t reflect.Type) map[string]any {
	if d, ok := reflect.New(t).Interface().(strict.Described); ok {
		return d.JSONSchema()
	}
	return nil
}

// ReadsText reports whether the type reads any scalar as text.
func ReadsText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// Required returns the keys that a struct must have.
func Required(t reflect.Type) []string {
	keys, _ := described(t)["required"].([]string)
	return keys
}

// Scalar says what a type that reads text reads: the title of its values, or the values
// themselves.
func Scalar(t reflect.Type) (title string, values []string) {
	n := described(t)
	all, _ := n["enum"].([]any)
	for _, v := range all {
		values = append(values, v.(string))
	}
	if title, _ = n["title"].(string); title == "" && values == nil {
		title = "text"
	}
	return title, values
}

func reads(t reflect.Type, text string) bool { return read(t, text) == nil }

func read(t reflect.Type, text string) error {
	return reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
}
