package doctor

import (
	"errors"
	"io/fs"

	"github.com/specguard/specguard/plugin/runtimeconfig"
	"github.com/specguard/specguard/policy"
)

// wrapped is the wrapper's configuration on the host.
type wrapped struct {
	runtimeconfig.Config

	err error // it cannot be used
}

// readWrapped reads the wrapper's configuration, which may be missing.
func readWrapped(f files) wrapped {
	w := wrapped{Config: runtimeconfig.Default()}
	data, err := f.read(runtimeconfig.File)
	switch {
	case err == nil:
		w.Config, w.err = runtimeconfig.Read(runtimeconfig.File, data)
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, policy.ErrNotVisible):
		w.err = err
	}
	return w
}

func (w wrapped) socket() string { return string(w.Socket) }
