package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/moby/sys/capability"
)

// missingCaps are the capabilities that the kernel knows and nothing that is
// started here can have, as a spec names them.
func missingCaps() ([]string, error) {
	own, err := capability.NewPid2(0)
	if err == nil {
		err = own.Load()
	}
	if err != nil {
		return nil, fmt.Errorf("read own capabilities: %w", err)
	}
	last, err := capability.LastCap()
	if err != nil {
		return nil, fmt.Errorf("read own capabilities: %w", err)
	}
	var missing []string
	for _, known := range capability.ListKnown() {
		if known <= last && !own.Get(capability.BOUNDING, known) {
			missing = append(missing, "CAP_"+strings.ToUpper(known.String()))
		}
	}
	return missing, nil
}

// edit takes capabilities from the process that a file tells of; at are the
// keys that lead to it. All else stays as it is.
func edit(file string, missing []string, at ...string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(missing, func(c string) bool { return strings.Contains(string(data), c) }) {
		return nil // it may be a file that cannot be written
	}
	edited, err := change(data, append(at, "capabilities"), func(sets json.RawMessage) (json.RawMessage, error) {
		return without(sets, missing)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, edited, 0o600)
}

// change replaces the value that keys lead to in a JSON object, if it is there.
func change(object json.RawMessage, keys []string, by func(json.RawMessage) (json.RawMessage, error)) (json.RawMessage, error) {
	if len(keys) == 0 {
		return by(object)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	value, ok := fields[keys[0]]
	if !ok {
		return object, nil
	}
	changed, err := change(value, keys[1:], by)
	if err != nil {
		return nil, err
	}
	fields[keys[0]] = changed
	return json.Marshal(fields)
}

// without takes capabilities out of every set.
func without(object json.RawMessage, missing []string) (json.RawMessage, error) {
	var sets map[string][]string
	if err := json.Unmarshal(object, &sets); err != nil {
		return nil, err
	}
	for name, set := range sets {
		sets[name] = slices.DeleteFunc(set, func(c string) bool { return slices.Contains(missing, c) })
	}
	return json.Marshal(sets)
}
