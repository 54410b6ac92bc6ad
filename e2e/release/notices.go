package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// license is a kind of license that what is shipped may have, and words that
// only texts of it have.
type license struct{ name, words string }

func (l license) String() string { return l.name }

func licenses() []license {
	return []license{
		{"Apache-2.0", "Apache License Version 2.0, January 2004"},
		{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
		{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"},
		{"BSD", "Redistribution and use in source and binary forms, with or without modification, are permitted"},
		{"MPL-2.0", "Mozilla Public License Version 2.0"},
	}
}

// module is one that the programs are made of.
type module struct{ Path, Version, Dir string }

// Notices gives the licenses of all that is linked into the programs, module by
// module. A module without a license that is known to be fine is an error.
func Notices(ctx context.Context, checkout string) (string, error) {
	modules, err := linked(ctx, checkout)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString("specguard contains software of others, under these licenses. \"make generate\" makes this list.\n")
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		texts, kind, err := licenseOf(modules[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		line := strings.Repeat("-", 80)
		fmt.Fprintf(&out, "\n%s\n%s %s (%s)\n%s\n\n%s", line, name, modules[name].Version, kind, line, texts)
	}
	return out.String(), errors.Join(errs...)
}

// linked are the modules of the packages that the programs consist of, on every
// architecture.
func linked(ctx context.Context, checkout string) (map[string]module, error) {
	root, err := output(ctx, checkout, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	out := map[string]module{"go": {Version: "standard library", Dir: strings.TrimSpace(root)}}
	text, err := output(ctx, checkout, "go", "list", "-deps", "-tags=grpcnotrace", "-json=Module", "./cmd/specguard",
		"./cmd/specguard-runtime")
	if err != nil {
		return nil, err
	}
	for dec := json.NewDecoder(strings.NewReader(text)); ; {
		var p struct {
			Module *struct {
				module
				Main bool
			}
		}
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("what go list says: %w", err)
		case p.Module != nil && !p.Module.Main:
			out[p.Module.Path] = p.Module.module
		}
	}
}

// licenseOf gives the texts of a module's licenses and notices, and the kinds.
func licenseOf(m module) (texts, kind string, err error) {
	var kinds []string
	entries, err := os.ReadDir(m.Dir)
	if err != nil {
		return "", "", fmt.Errorf("files of %s: %w", m.Path, err)
	}
	for _, e := range entries {
		upper := strings.ToUpper(e.Name())
		if e.IsDir() || !slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE"},
			func(word string) bool { return strings.HasPrefix(upper, word) }) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(m.Dir, e.Name()))
		if err != nil {
			return "", "", fmt.Errorf("license of %s: %w", m.Path, err)
		}
		text := strings.Join(strings.Fields(string(data)), " ")
		for _, l := range licenses() {
			if strings.Contains(text, l.words) && !slices.Contains(kinds, l.name) {
				kinds = append(kinds, l.name)
			}
		}
		texts += strings.TrimRight(string(data), "\n") + "\n"
	}
	if len(kinds) == 0 {
		return "", "", fmt.Errorf("%s has no license that is known to be fine (known: %v)", m.Path, licenses())
	}
	return texts, strings.Join(kinds, ", "), nil
}
