package cri

import (
	"fmt"
	"os"
	"strings"
)

// Logs returns what the container has written so far, both streams, without
// the time stamps of the log format.
func (r *Running) Logs() (string, error) {
	data, err := os.ReadFile(r.Log)
	if err != nil {
		return "", fmt.Errorf("container log: %w", err)
	}
	return PlainLog(string(data)), nil
}

// PlainLog strips "TIME STREAM TAG " from each line; a line with the tag P
// (partial) goes on in the next.
func PlainLog(log string) string {
	var plain strings.Builder
	for line := range strings.Lines(log) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)
		if len(fields) < 4 {
			continue
		}
		plain.WriteString(fields[3])
		if fields[2] != "P" {
			plain.WriteByte('\n')
		}
	}
	return plain.String()
}
