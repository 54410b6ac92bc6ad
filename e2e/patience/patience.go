// Package patience makes waits longer on a machine that is slow, such as one
// that another emulates.
package patience

import (
	"os"
	"strconv"
	"time"
)

// Env names how many times longer than usual to wait.
const Env = "SPECGUARD_E2E_PATIENCE"

// For is how long to wait for what usually takes no longer than d.
func For(d time.Duration) time.Duration {
	if times, err := strconv.Atoi(os.Getenv(Env)); err == nil && times > 1 {
		return d * time.Duration(times)
	}
	return d
}
