package expression

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// structTypes shows Go structs to CEL, with the names that they have in JSON
// and with types, so that an expression is checked when it is loaded. It
// differs from cel-go's own ext.NativeTypes so that an expression cannot take
// what is not there for a zero, and so that all whole numbers are of one type:
//
//   - A struct behind a pointer that is nil is null; its members cannot be
//     read. Any other value behind such a pointer cannot be read either.
//   - has() reports whether the member would be in the JSON.
//   - Unsigned numbers are of type int too; what is above the largest int
//     becomes that.
//   - Members for other platforms than Linux are not there.
type structTypes struct {
	types.Provider
	structs map[string]*structType
}

// extend is the option that makes the types known to an environment.
func (p *structTypes) extend(env *cel.Env) (*cel.Env, error) {
	p.Provider = env.CELTypeProvider()
	return cel.CustomTypeProvider(p)(env)
}

// structType is the type of a struct.
type structType struct {
	*types.Type
	members map[string]structMember
}

// structMember is a field of a struct.
type structMember struct {
	name      string
	index     []int
	typ       *types.Type
	value     converter
	omitEmpty bool
}

// converter makes a value for CEL, whose use the meter counts.
type converter func(*meter, reflect.Value) ref.Val

// elements makes the elements of a list when they are asked for: a list may be
// long, and an expression may name it once for each element of another.
type elements struct {
	meter *meter
	value converter
}

// NativeToValue implements types.Adapter.
func (e *elements) NativeToValue(element any) ref.Val {
	return e.value(e.meter, reflect.ValueOf(element))
}

// missing is the error of reading a member that is not there.
type missing struct{ member string }

func (m *missing) Error() string { return m.member + " is not there" }

// add makes a struct, and what it holds, known under the name.
func (p *structTypes) add(name string, t reflect.Type) *structType {
	if s := p.structs[name]; s != nil {
		return s
	}
	s := &structType{Type: types.NewObjectType(name, traits.IndexerType, traits.FieldTesterType), members: make(map[string]structMember)}
	p.structs[name] = s
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || !forLinux(f) {
			continue
		}
		typ, value := p.convert(f.Type)
		s.members[name] = structMember{name: name, index: f.Index, typ: typ, value: value, omitEmpty: options == "omitempty"}
	}
	return s
}

func forLinux(f reflect.StructField) bool {
	platforms, ok := f.Tag.Lookup("platform")
	return !ok || slices.Contains(strings.Split(platforms, ","), "linux")
}

// convert tells CEL's type for a Go type, and how values become values of it.
func (p *structTypes) convert(t reflect.Type) (*types.Type, converter) {
	switch t.Kind() {
	case reflect.Bool:
		return types.BoolType, func(_ *meter, v reflect.Value) ref.Val { return types.Bool(v.Bool()) }
	case reflect.String:
		return types.StringType, func(_ *meter, v reflect.Value) ref.Val { return types.String(v.String()) }
	case reflect.Int, reflect.Int32, reflect.Int64:
		return types.IntType, func(_ *meter, v reflect.Value) ref.Val { return types.Int(v.Int()) }
	case reflect.Uint, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return types.IntType, func(_ *meter, v reflect.Value) ref.Val { return types.Int(min(v.Uint(), math.MaxInt64)) }
	case reflect.Struct:
		s := p.add(t.Name(), t)
		return s.Type, func(m *meter, v reflect.Value) ref.Val { return &object{typ: s, value: v, meter: m} }
	case reflect.Pointer:
		typ, value := p.convert(t.Elem())
		return typ, func(m *meter, v reflect.Value) ref.Val {
			if v.IsNil() {
				return types.NullValue
			}
			return value(m, v.Elem())
		}
	case reflect.Slice:
		return p.list(t)
	case reflect.Map:
		return p.table(t)
	default:
		panic(fmt.Sprintf("type %s cannot be shown to CEL", t))
	}
}

func (p *structTypes) list(t reflect.Type) (*types.Type, converter) {
	typ, value := p.convert(t.Elem())
	return types.NewListType(typ), func(m *meter, v reflect.Value) ref.Val {
		if texts, ok := v.Interface().([]string); ok {
			return &meteredList{Lister: types.NewStringList(types.DefaultTypeAdapter, texts), meter: m, each: textCost}
		}
		return &meteredList{Lister: types.NewDynamicList(&elements{m, value}, v.Interface()), meter: m, each: structCost}
	}
}

func (p *structTypes) table(t reflect.Type) (*types.Type, converter) {
	_, key := p.convert(t.Key())
	typ, value := p.convert(t.Elem())
	return types.NewMapType(types.StringType, typ), func(m *meter, v reflect.Value) ref.Val {
		if texts, ok := v.Interface().(map[string]string); ok {
			return &meteredMap{Mapper: types.NewStringStringMap(types.DefaultTypeAdapter, texts), meter: m}
		}
		m.spend(v.Len(), structCost)
		out := make(map[ref.Val]ref.Val, v.Len())
		for k, e := range v.Seq2() {
			out[key(m, k)] = value(m, e)
		}
		return &meteredMap{Mapper: types.NewRefValMap(types.DefaultTypeAdapter, out), meter: m}
	}
}

// FindStructType implements types.Provider.
func (p *structTypes) FindStructType(name string) (*types.Type, bool) {
	if s := p.structs[name]; s != nil {
		return types.NewTypeTypeWithParam(s.Type), true
	}
	return p.Provider.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (p *structTypes) FindStructFieldNames(name string) ([]string, bool) {
	s := p.structs[name]
	if s == nil {
		return p.Provider.FindStructFieldNames(name)
	}
	var names []string
	for n := range s.members {
		names = append(names, n)
	}
	return names, true
}

// FindStructFieldType implements types.Provider.
func (p *structTypes) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	s := p.structs[name]
	if s == nil {
		return p.Provider.FindStructFieldType(name, field)
	}
	m, ok := s.members[field]
	if !ok {
		return nil, false
	}
	return &types.FieldType{
		Type: m.typ,
		IsSet: func(target any) bool {
			o, ok := target.(*object)
			return ok && o.has(m)
		},
		GetFrom: func(target any) (any, error) {
			o, ok := target.(*object)
			if !ok { // null
				return nil, &missing{m.name}
			}
			return o.get(m)
		},
	}, true
}

// object returns the struct at the pointer.
func (s *structType) object(m *meter, pointer any) *object {
	return &object{typ: s, value: reflect.ValueOf(pointer).Elem(), meter: m}
}

// object is a struct as a value of CEL.
type object struct {
	typ   *structType
	value reflect.Value
	meter *meter
}

func (o *object) has(m structMember) bool {
	v := o.value.FieldByIndex(m.index)
	switch {
	case !m.omitEmpty:
		return true
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Map:
		return v.Len() > 0
	default:
		return !v.IsZero()
	}
}

func (o *object) get(m structMember) (ref.Val, error) {
	v := o.value.FieldByIndex(m.index)
	if v.Kind() == reflect.Pointer && v.IsNil() && v.Type().Elem().Kind() != reflect.Struct {
		return nil, &missing{m.name}
	}
	return m.value(o.meter, v), nil
}

// Get implements traits.Indexer, for values whose type is not known when the expression is
// loaded.
func (o *object) Get(index ref.Val) ref.Val {
	m, ok := o.typ.members[fmt.Sprint(index.Value())]
	if !ok {
		return types.NewErr("no such field")
	}
	v, err := o.get(m)
	if err != nil {
		return types.WrapErr(err)
	}
	return v
}

// IsSet implements traits.FieldTester.
func (o *object) IsSet(field ref.Val) ref.Val {
	m, ok := o.typ.members[fmt.Sprint(field.Value())]
	if !ok {
		return types.NewErr("no such field")
	}
	return types.Bool(o.has(m))
}

// Equal implements ref.Val.
func (o *object) Equal(other ref.Val) ref.Val {
	o.meter.spend(1, structCost)
	p, ok := other.(*object)
	return types.Bool(ok && o.typ == p.typ && reflect.DeepEqual(o.value.Interface(), p.value.Interface()))
}

// ConvertToNative implements ref.Val.
func (o *object) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s cannot become %s", o.typ.TypeName(), t)
}

// ConvertToType implements ref.Val.
func (o *object) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return o.typ.Type
	}
	return types.NewErr("%s cannot become %s", o.typ.TypeName(), t.TypeName())
}

// Type implements ref.Val.
func (o *object) Type() ref.Type { return o.typ.Type }

// Value implements ref.Val.
func (o *object) Value() any { return o }
