package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// holdCommand is the command line of the process in the new namespaces, and
// ready what it says when all is set.
const (
	holdCommand = "hold"
	ready       = "ready\n"
)

// hold sets sysctls and then is there until its input ends.
func hold(sysctls []string, in io.Reader, out io.Writer) error {
	for _, sysctl := range sysctls {
		if err := set(sysctl); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(out, ready); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, in)
	return err
}

// set sets a sysctl, KEY=VALUE, with dots or slashes between the parts of its
// key.
func set(sysctl string) error {
	key, value, ok := strings.Cut(sysctl, "=")
	if !ok || key == "" || value == "" {
		return fmt.Errorf("sysctl %q is not KEY=VALUE", sysctl)
	}
	path := strings.ReplaceAll(key, ".", "/")
	if !filepath.IsLocal(path) {
		return fmt.Errorf("sysctl %q is not a key", key)
	}
	if err := os.WriteFile(filepath.Join("/proc/sys", path), []byte(value), 0); err != nil {
		return fmt.Errorf("set sysctl: %w", err)
	}
	return nil
}
