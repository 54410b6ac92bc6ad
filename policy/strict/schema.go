package strict

// Described is implemented by scalars that say what they read, as a JSON
// Schema (draft 2020-12). It must refuse nothing that UnmarshalText reads.
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

// Pattern is the JSON Schema of a string that the regular expression matches.
func Pattern(expression string) map[string]any {
	return map[string]any{"type": "string", "pattern": expression}
}
