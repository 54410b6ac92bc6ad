package install

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// createdHead is the first line of a main file that was not there.
const createdHead = "# Written by specguard install; specguard uninstall removes it." + markAdded + "\n"

// isOurs reports whether a main file, which without our edits is the original, is
// one that was not there.
func isOurs(data, original []byte) bool {
	return len(original) == 0 && bytes.HasPrefix(data, []byte(createdHead))
}

// cutImports takes the imports out of a file.
func cutImports(name string, data []byte) ([]byte, error) {
	all, err := places(name, data)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if slices.Equal(p.path, []string{"imports"}) && p.kind == unstable.Array {
			return splice(data, p.start, p.end, "[]"), nil
		}
	}
	return data, nil
}

// addImport adds an element to the imports of a file.
func addImport(name string, data []byte, element string) ([]byte, error) {
	all, err := places(name, data)
	if err != nil {
		return nil, err
	}
	version := -1
	for _, p := range all {
		switch {
		case slices.Equal(p.path, []string{"imports"}) && p.kind == unstable.Array:
			return addElement(name, data, p, element)
		case slices.Equal(p.path, []string{"version"}):
			version = p.end
		}
	}
	if version < 0 {
		return nil, fmt.Errorf("%s has no version: version 1 is not supported", name)
	}
	line := added("imports = [" + element + "]\n")
	end, whole := lineEnd(data, version)
	if !whole {
		line = "\n" + strings.TrimSuffix(line, "\n")
	}
	return splice(data, end, end, line), nil
}

// addElement adds an element to the end of a list of strings.
func addElement(name string, data []byte, list place, element string) ([]byte, error) {
	p := unstable.Parser{}
	p.Reset(data)
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.KeyValue || int(e.Raw.Offset+e.Raw.Length) < list.end || int(e.Raw.Offset) > list.start {
			continue
		}
		at := list.start + 1
		for children := e.Value().Children(); children.Next(); {
			if n := children.Node(); n.Kind == unstable.String {
				at = int(n.Raw.Offset + n.Raw.Length)
			}
		}
		if at > list.start+1 {
			element = ", " + element
		}
		return splice(data, at, at, element), nil
	}
	return nil, fmt.Errorf("%s: cannot find its imports", name)
}

// setBinaryName sets the BinaryName of the handler whose table is at path.
// Where the file says nothing of the handler, it gets the whole table, as it
// was in effect.
func setBinaryName(name string, data []byte, path []string, effective table, value string) ([]byte, error) {
	all, err := places(name, data)
	if err != nil {
		return nil, err
	}
	value = fmt.Sprintf("%q", value)
	options := slices.Concat(path, []string{"options"})
	key := slices.Concat(options, []string{"BinaryName"})
	header, known := -1, false
	for _, p := range all {
		isHeader := p.kind == unstable.Table
		switch {
		case slices.Equal(p.path, key) && p.kind == unstable.String:
			return replaceValue(data, p, value)
		case slices.Equal(p.path, options) && isHeader:
			header = p.end
		case hasPrefix(p.path, options) && header < 0:
			return nil, fmt.Errorf("%s: the options of a runtime handler must have a table of their own, [%s]", name, strings.Join(options, "."))
		}
		known = known || hasPrefix(p.path, path)
	}
	if header >= 0 {
		line := "BinaryName = " + value
		end, whole := lineEnd(data, header)
		if whole {
			return splice(data, end, end, line+markAdded+"\n"), nil
		}
		return splice(data, end, end, "\n"+line+markAdded), nil
	}
	body := nest(table{"BinaryName": strings.Trim(value, `"`)}, options...)
	if !known {
		whole := table{}
		for k, v := range effective {
			whole[k] = v
		}
		whole["options"] = mergeTables(dig(effective, "options"), table{"BinaryName": strings.Trim(value, `"`)})
		body = nest(whole, path...)
	}
	text, err := render(body)
	if err != nil {
		return nil, err
	}
	return appendLines(data, withoutEmptyHeaders(text)), nil
}

func replaceValue(data []byte, p place, value string) ([]byte, error) {
	if string(bytes.TrimSpace(data[p.start:p.end])) == value {
		return data, nil
	}
	text, err := instead(value, string(data[p.start:p.end]))
	if err != nil {
		return nil, err
	}
	return splice(data, p.start, p.end, text), nil
}

func mergeTables(a, b table) table {
	out := table{}
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = v
	}
	return out
}

func hasPrefix(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

// withoutEmptyHeaders drops the headers of tables that have nothing but
// tables: the file may have them already.
func withoutEmptyHeaders(text []byte) string {
	var out []string
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for n, line := range lines {
		line = strings.TrimSpace(line)
		next := ""
		if n+1 < len(lines) {
			next = strings.TrimSpace(lines[n+1])
		}
		if line == "" || strings.HasPrefix(line, "[") && strings.HasPrefix(next, "[") {
			continue
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n") + "\n"
}
