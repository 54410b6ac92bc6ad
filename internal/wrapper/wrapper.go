// Package wrapper is specguard-runtime, which a node's container runtime calls in place of
// an OCI runtime such as runc. Before a container is created, it lets the agent judge the
// complete spec in the bundle, and writes the adjusted one. Before a process is executed in
// a container, it limits the process to what the container was given. Then it becomes the
// real runtime. For every other command, it does that at once.
//
// It refuses what cannot be judged. Called as "specguard-runtime hook", it is the OCI hook
// that verifies a sealed container. Called as "specguard-runtime specguard-version", the program
// prints its version, and this package is not asked.
package wrapper

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/specguard/specguard/internal/wrapperconfig"
)

// Run is the program. It returns the exit status. It does not return if the real runtime
// takes over.
func Run(argv []string, stdin io.Reader, stderr io.Writer) int {
	cfg, faulty := loadConfig()
	if len(argv) == 2 && argv[1] == "hook" {
		err := faulty
		if err == nil {
			err = refuseRestored(os.Getppid())
		}
		if err == nil {
			err = hook(&cfg, stdin)
		}
		if err != nil {
			report(stderr, nil, err)
			return 1
		}
		return 0
	}
	var globals flags
	err := func() error {
		c, err := parse(argv[1:])
		if err != nil {
			return err
		}
		globals = c.globals
		real, err := realRuntime(&cfg, filepath.Base(argv[0]))
		if err != nil {
			return err
		}
		args, err := prepare(c, &cfg, faulty, real)
		if err != nil {
			return err
		}
		if err := syscall.Exec(real, append([]string{real}, args...), os.Environ()); err != nil {
			return fmt.Errorf("start the real OCI runtime %s: %w", real, err)
		}
		return errors.New("the real OCI runtime did not take over")
	}()
	report(stderr, globals, err)
	return 1
}

// prepare does what must be done before the real runtime takes over, and returns its arguments.
// faulty is the configuration's fault, if it has one.
func prepare(c command, cfg *wrapperconfig.Config, faulty error, real string) ([]string, error) {
	switch c.name {
	case "create", "run":
		if faulty != nil {
			return nil, faulty
		}
		return c.args, create(cfg, c.flags.value("bundle"), c.operands[0])
	case "exec":
		if faulty != nil {
			return nil, faulty
		}
		return execute(c, real)
	case "restore":
		return nil, restore()
	default:
		return c.args, nil
	}
}
