package judge

import (
	"bytes"
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
	if !info.Mode().IsRegular() || info.Size() > maxSpec {
		return nil, nil, fmt.Errorf("it is no file, or of more than %d bytes", maxSpec)
	}
	out := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := out.ReadFrom(io.LimitReader(f, maxSpec)); err != nil {
		return nil, nil, err
	}
	return out.Bytes(), info, nil
}
