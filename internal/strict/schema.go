package strict

// Described is implemented by scalars that say what they read, as a JSON
// Schema (draft 2020-12), and by structs that say more than the types of their
// fields do. It must refuse nothing that Decode reads; words that YAML takes for
// something else, such as true, may have to stand in quotes all the same.
type Described interface {
	JSONSchema() map[string]any
}

// Enum is the JSON Schema of a scalar that is one of the values.
func Enum[T ~string](values ...T) map[string]any {
	names := make([]any, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return map[string]any{"type": "string", "enum": names}
}

// Named gives the schema a title: what its values are called, such as "path".
func Named(title string, schema map[string]any) map[string]any {
	schema["title"] = title
	return schema
}

// Required is the JSON Schema of a struct's keys that have to be there.
func Required(keys ...string) map[string]any { return map[string]any{"required": keys} }

// NotEmpty is the JSON Schema of a list that must have something in it.
func NotEmpty() map[string]any { return map[string]any{"minItems": 1} }

// Pattern is the JSON Schema of a string that the regular expression matches.
func Pattern(expression string) map[string]any {
	return map[string]any{"type": "string", "pattern": expression}
}
