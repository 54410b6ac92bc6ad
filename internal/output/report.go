package output

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Report is what was found.
type Report struct {
	Version    string // of specguard
	Containers []Container
	Errors     []Problem // what could not be read or judged
	Skipped    []Problem // what was not judged
	Summary    []string  // lines for people
}

// Place is a place in a file. Line and Column are counted from 1; 0 if they are not known.
type Place struct {
	File         string // "" for standard input
	Line, Column int
}

// Container is one container that was judged.
type Container struct {
	Place
	Name     string // such as Deployment/web container app
	Outcome  string
	Fails    bool   // it makes the exit status 2
	Message  string // what the user of a denied container sees
	Findings []Finding
}

// Finding is one thing that was found about a container.
type Finding struct {
	Place
	Level  Level
	Policy string
	Rule   string // or Uncovered
	Text   string
	Excuse string // the exception that excuses it; "" for none
}

// Uncovered is in place of a rule's name if no policy matches the container.
const Uncovered = "uncovered"

// Level is how bad a finding is.
type Level int

// The levels.
const (
	Note Level = iota
	Warning
	Error
)

// Problem is an error, or what was skipped.
type Problem struct {
	Place
	Text string
}

// String is the place as compilers write it.
func (p Place) String() string {
	file := cmp.Or(p.File, "-")
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d:%d", file, p.Line, max(p.Column, 1))
	}
	return file
}

// relative is the file's path in the working directory; its full path if it is elsewhere.
func (p Place) relative() string {
	dir, err := os.Getwd()
	if err != nil || !filepath.IsAbs(p.File) {
		return filepath.Clean(p.File)
	}
	if rel, err := filepath.Rel(dir, p.File); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
		return rel
	}
	return p.File
}

// uri is the file's, relative to the working directory if it is in it.
func (p Place) uri() string {
	path := p.relative()
	if filepath.IsAbs(path) {
		return (&url.URL{Scheme: "file", Path: path}).String()
	}
	return (&url.URL{Path: path}).EscapedPath()
}
