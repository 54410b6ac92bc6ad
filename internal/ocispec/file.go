package ocispec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxFile is the size limit of a file, in bytes.
const maxFile = 32 << 20

// ReadFile reads a config.json, or another file that a runtime keeps. It must be a regular file
// of at most 32 MiB. Open it with O_NOFOLLOW and O_NONBLOCK, so that it is neither a link nor a
// pipe that waits for a writer.
func ReadFile(f *os.File) ([]byte, os.FileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	tooLarge := fmt.Errorf("it is larger than %d MiB", maxFile>>20)
	switch {
	case !info.Mode().IsRegular():
		return nil, nil, errors.New("it is not a file")
	case info.Size() > maxFile:
		return nil, nil, tooLarge
	}
	out := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := out.ReadFrom(io.LimitReader(f, maxFile+1)); err != nil {
		return nil, nil, err
	}
	if out.Len() > maxFile { // it grows
		return nil, nil, tooLarge
	}
	return out.Bytes(), info, nil
}
