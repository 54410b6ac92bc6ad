package input

import (
	"fmt"
	"io"
	"os"
)

// maxSize bounds a file, in bytes.
const maxSize = 64 << 20

// ReadFile reads a file. One that is larger than 64 MiB is an error.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f)
}

// ReadAll reads all there is. More than 64 MiB is an error.
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
