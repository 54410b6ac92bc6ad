package strict

import (
	"fmt"
	"slices"
	"strings"
)

// unknown says of a key that none of the fields has it.
func unknown(key string, fields []field) string {
	for _, f := range fields {
		if text := oldBool(f.key); text != "" && text == oldBool(key) {
			return fmt.Sprintf("unknown field %q: tools for YAML 1.1 make this of %s; quote it: %q", key, f.key, f.key)
		}
	}
	return fmt.Sprintf("unknown field %q (allowed: %s)", key, keys(fields))
}

// oldBool is the truth value for which YAML 1.1 takes a plain word; "" for none.
func oldBool(word string) string {
	word = strings.ToLower(word)
	switch {
	case slices.Contains([]string{"y", "yes", "true", "on"}, word):
		return "true"
	case slices.Contains([]string{"n", "no", "false", "off"}, word):
		return "false"
	default:
		return ""
	}
}
