package policytest

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/policy"
)

// suite is a document that is ready to run.
type suite struct {
	name     string
	set      *policy.Set
	warnings []policy.Warning // about its policies
	cases    []readyCase
}

// readyCase is a case whose container is made.
type readyCase struct {
	name      string
	line      int
	container *input.Container
	expect    expected
}

// loader reads a file and gathers every fault on the way.
type loader struct {
	file   string
	suites []suite
	errs   []*policy.LoadError
}

// load reads the tests of a file. The error joins a policy.LoadError for every
// fault, in order, one line each.
func load(file string) ([]suite, error) {
	data, err := input.ReadFile(file)
	if err != nil {
		return nil, missing(file, err)
	}
	l := &loader{file: file}
	l.documents(data)
	if len(l.errs) == 0 && len(l.suites) == 0 {
		return nil, fmt.Errorf("%s: no tests", file)
	}
	slices.SortStableFunc(l.errs, func(a, b *policy.LoadError) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, len(l.errs))
	for i, e := range l.errs {
		errs[i] = e
	}
	return l.suites, errors.Join(errs...)
}

func (l *loader) fail(errs ...strict.Error) {
	for _, e := range errs {
		msg := strings.ReplaceAll(e.Error(), "\n", `\n`) // one line, whatever a document has brought in
		l.errs = append(l.errs, &policy.LoadError{File: l.file, Line: e.Line, Column: e.Column, Msg: msg})
	}
}

func (l *loader) documents(data []byte) {
	docs, errs := strict.Documents(data)
	for _, root := range docs {
		if root.Tag != "!!null" {
			l.document(root)
		}
	}
	l.fail(errs...)
}

func (l *loader) document(root *yaml.Node) {
	var doc document
	if errs := strict.Decode(root, &doc, ""); len(errs) > 0 {
		l.fail(errs...)
		return
	}
	var tests spec
	if errs := strict.Decode(&doc.Spec, &tests, "spec"); len(errs) > 0 {
		l.fail(errs...)
		return
	}
	s := suite{name: doc.Metadata.Name, cases: l.cases(&tests)}
	files, err := policy.Read(l.paths(tests.Policies)...)
	s.warnings = files.Ignored
	var set *policy.Set
	if err == nil {
		set, err = policy.Compile(files.Sources...)
	}
	var faults interface{ Unwrap() []error }
	switch {
	case errors.As(err, &faults):
		l.policies(faults.Unwrap())
	case err != nil:
		l.policies([]error{err})
	case len(set.Names()) == 0:
		l.fail(strict.Error{Line: doc.Spec.Line, Column: doc.Spec.Column, Path: "spec.policies", Msg: "there is no policy"})
	}
	if s.set = set; set != nil {
		s.warnings = append(s.warnings, set.Warnings()...)
	}
	l.suites = append(l.suites, s)
}

func (l *loader) cases(tests *spec) []readyCase {
	var out []readyCase
	for i := range tests.Cases {
		c, err := l.ready(&tests.Cases[i], tests)
		if err != nil {
			l.fail(*err)
			continue
		}
		if slices.ContainsFunc(out, func(other readyCase) bool { return other.name == c.name }) {
			l.fail(tests.Cases[i].Name.place.Fault("%q is the name of another case", c.name))
		}
		out = append(out, c)
	}
	return out
}

// policies adds the faults of the policies.
func (l *loader) policies(faults []error) {
	for _, err := range faults {
		var fault *policy.LoadError
		if !errors.As(err, &fault) {
			fault = &policy.LoadError{File: l.file, Msg: err.Error()}
		}
		l.errs = append(l.errs, fault)
	}
}

// paths are the paths as seen from the folder of the test.
func (l *loader) paths(relative []string) []string {
	out := make([]string, len(relative))
	for i, p := range relative {
		out[i] = p
		if !filepath.IsAbs(p) {
			out[i] = filepath.Join(filepath.Dir(l.file), p)
		}
	}
	return out
}

// ready makes the case of the tests ready to run.
func (l *loader) ready(c *testCase, tests *spec) (readyCase, *strict.Error) {
	out := readyCase{name: c.Name.text, line: c.Name.place.Line}
	fault := func(what string, err error) *strict.Error {
		return &strict.Error{
			Line: c.Name.place.Line, Column: c.Name.place.Column,
			Path: strings.TrimSuffix(c.Name.place.Path, "name") + what, Msg: err.Error(),
		}
	}
	var err error
	seccompDir := ""
	if tests.SeccompDir != "" {
		seccompDir = l.paths([]string{tests.SeccompDir})[0]
	}
	if out.container, err = c.Given.container(filepath.Dir(l.file), seccompDir); err != nil {
		return out, fault("given", err)
	}
	sub := &out.container.Subject
	if sub.Time = c.Given.At.Time; sub.Time.IsZero() {
		sub.Time = tests.At.Time
	}
	if out.expect, err = c.Expect.ready(); err != nil {
		return out, fault("expect", err)
	}
	return out, nil
}
