package main

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	return editFile(file, func(sets json.RawMessage) (json.RawMessage, error) {
		if !slices.ContainsFunc(missing, func(c string) bool { return bytes.Contains(sets, []byte(c)) }) {
			return sets, nil
		}
		return without(sets, missing)
	}, append(at, "capabilities")...)
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
