package input

import (
	"fmt"
	"io"
	"os"
)

// maxSize bounds a file, in bytes.
const maxSize = 64 << 20

// ReadFile reads a file of at most 64 MiB.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f)
}

// ReadAll reads everything, at most 64 MiB.
func ReadAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("is larger than %d MiB", maxSize>>20)
	}
	return data, nil
}
