package app

import (
	"bytes"
	"errors"
	"math"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/sirupsen/logrus"
)

func TestLimitMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for name, c := range map[string]struct {
		env   string
		limit uint64
		err   error
		want  int64
		log   string
	}{
		"a limit":     {limit: 256 << 20, want: 228170090, log: `level=info msg="memory limit of Go: 85% of the cgroup's" limit=228170090`},
		"none":        {err: memlimit.ErrNoLimit, want: math.MaxInt64, log: "none, because the cgroup has none"},
		"no cgroup":   {err: errors.New("no /proc"), want: math.MaxInt64, log: `level=warning msg="memory limit of Go: none, because the cgroup's limit is not known" error="no /proc"`},
		"set already": {env: "100MiB", limit: 256 << 20, want: math.MaxInt64, log: `from GOMEMLIMIT" limit=100MiB`},
	} {
		t.Run(name, func(t *testing.T) {
			debug.SetMemoryLimit(math.MaxInt64)
			t.Setenv("GOMEMLIMIT", c.env)
			var text bytes.Buffer
			log := logrus.New()
			log.SetOutput(&text)
			log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true})
			limitMemory(func() (uint64, error) { return c.limit, c.err }, log)
			if got := debug.SetMemoryLimit(-1); got != c.want {
				t.Errorf("limit %d, want %d", got, c.want)
			}
			if !strings.Contains(text.String(), c.log) || strings.Count(text.String(), "\n") != 1 {
				t.Errorf("log %s, want %s", text.String(), c.log)
			}
		})
	}
}
