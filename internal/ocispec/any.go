package ocispec

import (
	"bytes"
	"encoding/json"
	"strings"
)

// decodeAny reads JSON, and keeps every digit of its numbers.
func decodeAny(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}

// withoutPasswords hides the values of mount options that can be passwords, such as those of
// CIFS. It edits what it is given.
func withoutPasswords(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withoutPasswords(v[i])
		}
	case map[string]any:
		options, _ := v["options"].([]any)
		for i, o := range options {
			text, _ := o.(string)
			if name, _, ok := strings.Cut(text, "="); ok && ofPassword(name) {
				options[i] = name + "=" + notShown
			}
		}
		for k := range v {
			v[k] = withoutPasswords(v[k])
		}
	}
	return v
}

// ofPassword reports whether an option of that name can have a password, or a key, for its value.
func ofPassword(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"pass", "secret", "token", "cred", "key"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
