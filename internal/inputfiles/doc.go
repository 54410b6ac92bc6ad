// Package inputfiles finds the files that the arguments of a command stand for: files, folders,
// patterns, and standard input.
package inputfiles
