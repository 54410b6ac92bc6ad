package doctor

import (
	"errors"
	"io/fs"

	"github.com/specguard/specguard/internal/wrapperconfig"
	"github.com/specguard/specguard/policy"
)

// wrapped is the wrapper's configuration on the host.
type wrapped struct {
	wrapperconfig.Config

	err error // it cannot be used
}

// readWrapped reads the wrapper's configuration, which may be missing.
func readWrapped(f files) wrapped {
	w := wrapped{Config: wrapperconfig.Default()}
	data, err := f.Read(wrapperconfig.File)
	switch {
	case err == nil:
		w.Config, w.err = wrapperconfig.Read(wrapperconfig.File, data)
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, policy.ErrNotVisible):
		w.err = err
	}
	return w
}

func (w wrapped) socket() string { return string(w.Socket) }
