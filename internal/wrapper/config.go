package wrapper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/specguard/specguard/internal/wrapperconfig"
)

// loadConfig reads the host's configuration over the defaults. Where it has a
// fault, the defaults are returned with the error.
func loadConfig() (wrapperconfig.Config, error) {
	path := os.Getenv(wrapperconfig.Variable)
	asked := path != ""
	if !asked {
		path = wrapperconfig.File
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && !asked {
		return wrapperconfig.Default(), nil
	}
	if err != nil {
		return wrapperconfig.Default(), fmt.Errorf("read configuration: %w", err)
	}
	return wrapperconfig.Read(path, data)
}

// searched are the folders in which a real runtime is looked for.
func searched() []string {
	return []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}
}

// realRuntime returns the path of the OCI runtime behind the wrapper when it is started by the
// name.
func realRuntime(cfg *wrapperconfig.Config, name string) (string, error) {
	real := string(cfg.Runtimes[name])
	if real == "" {
		var err error
		if real, err = byName(name); err != nil {
			return "", err
		}
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", fmt.Errorf("the real OCI runtime: %w", err)
	}
	if own, err := os.Stat("/proc/self/exe"); err == nil && os.SameFile(own, info) {
		return "", fmt.Errorf("the real OCI runtime %s is specguard-runtime itself", real)
	}
	return real, nil
}

func byName(name string) (string, error) {
	real := strings.TrimPrefix(name, "specguard-")
	if real == "runtime" {
		real = "runc"
	}
	for _, dir := range searched() {
		path := filepath.Join(dir, real)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("no OCI runtime %q in %s: name it under runtimes in %s", real, strings.Join(searched(), ", "), wrapperconfig.File)
}
