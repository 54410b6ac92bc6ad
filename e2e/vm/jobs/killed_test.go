package jobs_test

import (
	"io"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/footprint"
	"github.com/specguard/specguard/e2e/vm"
)

// TestKilledMachine kills whoever has started a machine: nothing is left of it.
func TestKilledMachine(t *testing.T) {
	image := machineImage(t)
	left := footprint.Killed(t, func() footprint.Footprint {
		m, err := image.Start(vm.Options{
			Module: vm.AppArmor, Job: vm.Job{Run: "sleep 600\n"}, Timeout: time.Minute, Out: io.Discard, Keep: t.TempDir(),
		})
		if err != nil {
			t.Fatal(err)
		}
		return footprint.Footprint{Dir: m.Dir(), Cgroups: m.Cgroups()}
	})
	left.Gone(t)
}
