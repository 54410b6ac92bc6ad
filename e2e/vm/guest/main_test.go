// Package guest_test holds the tests that run in the virtual machine of package
// vm, as root of a node of their own: systemd, containerd in its usual places,
// and specguard as it is installed.
package guest_test

import (
	"fmt"
	"os"
	"testing"
)

// envGuest says that these tests run in the machine that they are for.
const envGuest = "SPECGUARD_E2E_GUEST"

func TestMain(m *testing.M) {
	if os.Getenv(envGuest) == "" {
		fmt.Println("these tests change the machine that they run on: make e2e-lsm runs them in one of their own")
		return
	}
	os.Exit(m.Run())
}
