package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// editFile changes what keys lead to in a file of JSON. It writes nothing if
// that changes nothing: the file may be one that cannot be written.
func editFile(file string, by func(json.RawMessage) (json.RawMessage, error), at ...string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed := false
	edited, err := change(data, at, func(value json.RawMessage) (json.RawMessage, error) {
		out, err := by(value)
		changed = err == nil && !bytes.Equal(out, value)
		return out, err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if !changed {
		return nil
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
