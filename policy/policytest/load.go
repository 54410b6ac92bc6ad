package policytest

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
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
	errs      []*policy.LoadError // why it cannot be run; none if it can
	container *input.Container
	expect    expected
}

// loader reads a file and gathers every fault on the way.
type loader struct {
	file   string
	suites []suite
	errs   []*policy.LoadError // of what is no case
	inputs []string            // what else is read: policies, files of containers
}

// load reads the tests of a file. The error joins a policy.LoadError for every
// fault that is of no case, in order, one line each.
func (l *loader) load(data []byte) error {
	l.documents(data)
	if len(l.errs) == 0 && len(l.suites) == 0 {
		return fmt.Errorf("%s: no tests", l.file)
	}
	return joined(l.errs)
}

// joined are the errors in order, as one; nil for none.
func joined(all []*policy.LoadError) error {
	slices.SortStableFunc(all, func(a, b *policy.LoadError) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, len(all))
	for i, e := range all {
		errs[i] = e
	}
	return errors.Join(errs...)
}

func (l *loader) fail(errs ...strict.Error) { l.errs = append(l.errs, l.faults(errs...)...) }

// faults are the errors with the file's name.
func (l *loader) faults(errs ...strict.Error) []*policy.LoadError {
	var out []*policy.LoadError
	for _, e := range errs {
		msg := strings.ReplaceAll(e.Error(), "\n", `\n`) // one line, whatever a document has brought in
		out = append(out, &policy.LoadError{File: l.file, Line: e.Line, Column: e.Column, Msg: msg})
	}
	return out
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
	errs := strict.Decode(&doc.Spec, &tests, "spec")
	bad := byCase(errs)
	if bad == nil && len(errs) > 0 {
		l.fail(errs...)
		return
	}
	s := suite{name: doc.Metadata.Name, cases: l.cases(&tests, bad)}
	before := len(l.errs)
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
	if len(l.errs) > before { // no case can be run
		for _, c := range s.cases {
			l.errs = append(l.errs, c.errs...)
		}
		return
	}
	s.set = set
	s.warnings = append(s.warnings, set.Warnings()...)
	l.suites = append(l.suites, s)
}

// byCase are the errors by the number of the case that they are of; nil if one is of no case.
func byCase(errs []strict.Error) map[int][]strict.Error {
	out := make(map[int][]strict.Error)
	for _, e := range errs {
		number, ok := strings.CutPrefix(e.Path, "spec.cases[")
		number, _, more := strings.Cut(number, "]")
		i, err := strconv.Atoi(number)
		if !ok || !more || err != nil {
			return nil
		}
		out[i] = append(out[i], e)
	}
	return out
}

// cases makes the cases ready; bad are errors that are known by their numbers.
func (l *loader) cases(tests *spec, bad map[int][]strict.Error) []readyCase {
	var out []readyCase
	for i := range tests.Cases {
		of := &tests.Cases[i]
		c := readyCase{name: of.Name.text, line: of.Name.place.Line, errs: l.faults(bad[i]...)}
		if c.name == "" {
			c.name = fmt.Sprintf("#%d", i+1)
		}
		if len(c.errs) == 0 {
			if err := l.ready(&c, of, tests); err != nil {
				c.errs = l.faults(*err)
			}
		} else if c.line == 0 {
			c.line = c.errs[0].Line
		}
		if slices.ContainsFunc(out, func(other readyCase) bool { return other.name == c.name }) {
			c.errs = append(c.errs, l.faults(of.Name.place.Fault("%q is the name of another case", c.name))...)
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

// paths are the paths as seen from the folder of the test. They are remembered as inputs.
func (l *loader) paths(relative []string) []string {
	out := make([]string, len(relative))
	for i, p := range relative {
		out[i] = p
		if !filepath.IsAbs(p) {
			out[i] = filepath.Join(filepath.Dir(l.file), p)
		}
	}
	l.inputs = append(l.inputs, out...)
	return out
}

// ready makes the case of the tests ready to run.
func (l *loader) ready(out *readyCase, c *testCase, tests *spec) *strict.Error {
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
	if c.Given.File != "" {
		l.paths([]string{c.Given.File})
	}
	if out.container, err = c.Given.container(filepath.Dir(l.file), seccompDir); err != nil {
		return fault("given", err)
	}
	sub := &out.container.Subject
	if sub.Time = c.Given.At.Time; sub.Time.IsZero() {
		sub.Time = tests.At.Time
	}
	if out.expect, err = c.Expect.ready(); err != nil {
		return fault("expect", err)
	}
	return nil
}
