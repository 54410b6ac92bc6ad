package ocispec

import "strings"

// NotShown stands for a value that is never shown.
const NotShown = "(not shown)"

// Secret reports whether the members of a process or a hook that have the name are never shown:
// they may hold passwords.
func Secret(member string) bool {
	return member == "env" || member == "args" || member == "commandLine"
}

// secret reports whether the value at the path is that of a secret member.
func secret(path string) bool {
	if !strings.HasPrefix(path, "process.") && !strings.HasPrefix(path, "hooks.") {
		return false
	}
	return Secret(path[strings.LastIndexByte(path, '.')+1:])
}

// Shown returns a copy of a part of a spec, as JSON has it, without secrets: NotShown stands for
// them.
func Shown(v any) any { return without(v, func(any) any { return NotShown }) }

// without is a copy of a part of a spec, as JSON has it, in which the values of mount options are
// hidden that can be passwords, such as those of CIFS. instead gives what comes in the place of a
// secret member; nil for nothing.
func without(v any, instead func(any) any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			if option, ok := e.(string); ok {
				out[i] = withoutPassword(option)
				continue
			}
			out[i] = without(e, instead)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if !Secret(k) {
				out[k] = without(e, instead)
			} else if e = instead(e); e != nil {
				out[k] = e
			}
		}
		return out
	default:
		return v
	}
}

// nothing and itself are what comes in the place of secret members: nothing, and what is there, to
// be compared.
func nothing(any) any  { return nil }
func itself(v any) any { return v }

// withoutPassword hides the value of an option that can be a password.
func withoutPassword(option string) string {
	if name, _, ok := strings.Cut(option, "="); ok && ofPassword(name) {
		return name + "=" + NotShown
	}
	return option
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
