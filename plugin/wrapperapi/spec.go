package wrapperapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxSpec bounds a config.json, in bytes.
const maxSpec = 32 << 20

// ReadSpec reads a config.json, which must be a regular file of at most 32 MiB:
// one that was opened without following links, and without waiting for a writer.
func ReadSpec(f *os.File) ([]byte, os.FileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	tooLarge := fmt.Errorf("it is larger than %d MiB", maxSpec>>20)
	switch {
	case !info.Mode().IsRegular():
		return nil, nil, errors.New("it is not a file")
	case info.Size() > maxSpec:
		return nil, nil, tooLarge
	}
	out := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := out.ReadFrom(io.LimitReader(f, maxSpec+1)); err != nil {
		return nil, nil, err
	}
	if out.Len() > maxSpec { // it grows
		return nil, nil, tooLarge
	}
	return out.Bytes(), info, nil
}
