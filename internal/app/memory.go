package app

import (
	"errors"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/sirupsen/logrus"
)

// memoryPercent is the part of the cgroup's memory limit that Go may use. The
// rest is for what Go does not count, as the kernel's buffers of sockets.
const memoryPercent = 85

// limitMemory has Go collect garbage before the cgroup's memory limit ends the
// agent. It does nothing where GOMEMLIMIT is set, which Go itself reads.
func limitMemory(cgroupLimit memlimit.Provider, log logrus.FieldLogger) {
	if v := os.Getenv("GOMEMLIMIT"); v != "" {
		log.WithField("limit", v).Info("memory limit of Go: from GOMEMLIMIT")
		return
	}
	limit, err := cgroupLimit()
	switch {
	case errors.Is(err, memlimit.ErrNoLimit):
		log.Info("memory limit of Go: none, because the cgroup has none")
	case err != nil:
		log.WithError(err).Warn("memory limit of Go: none, because the cgroup's limit is not known")
	default:
		limit = limit / 100 * memoryPercent
		debug.SetMemoryLimit(int64(limit))
		log.WithField("limit", limit).Infof("memory limit of Go: %d%% of the cgroup's", memoryPercent)
	}
}
