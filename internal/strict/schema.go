package strict

// Described is implemented by scalars that describe what they read as a JSON Schema (draft
// 2020-12), and by structs whose schema says more than the types of their fields.
// JSONSchema must always return a new map, which the caller may edit. It must accept
// everything that Decode reads; but words that YAML takes for something else, such as true,
// may need quotes.
type Described interface {
	JSONSchema() map[string]any
}

// Enum returns the JSON Schema of a scalar that is one of the values.
func Enum[T ~string](values ...T) map[string]any {
	names := make([]any, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return map[string]any{"type": "string", "enum": names}
}

// Named gives the schema a title, which names its values, such as "path".
func Named(title string, schema map[string]any) map[string]any {
	schema["title"] = title
	return schema
}

// Required returns the JSON Schema of a struct that must have these keys.
func Required(keys ...string) map[string]any { return map[string]any{"required": keys} }

// NotEmpty returns the JSON Schema of a list that must have an element.
func NotEmpty() map[string]any { return map[string]any{"minItems": 1} }

// Pattern returns the JSON Schema of a string that matches the regular expression.
func Pattern(expression string) map[string]any {
	return map[string]any{"type": "string", "pattern": expression}
}
