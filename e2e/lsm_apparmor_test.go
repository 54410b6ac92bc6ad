package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
)

// The kernel's files of AppArmor.
const (
	appArmorProfiles = "/sys/kernel/security/apparmor/profiles"
	appArmorRemove   = "/sys/kernel/security/apparmor/.remove"
)

// crioProfile is an AppArmor profile that lets all be done but writing below
// /protected.
const crioProfile = `#include <tunables/global>
profile %s flags=(attach_disconnected,mediate_deleted%s) {
#include <abstractions/base>
network,
capability,
file,
mount,
umount,
audit deny /protected/** wl,
signal,
ptrace,
}
`

// loadProfile has the kernel know a profile.
func loadProfile(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "apparmor_parser", "-r", "-K", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// forgetProfile has the kernel know a profile no more.
func forgetProfile(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(appArmorRemove, []byte(name), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

// loadedProfile tells whether the kernel knows a profile, and enforces it.
func loadedProfile(t *testing.T, name string) bool {
	t.Helper()
	list, err := os.ReadFile(appArmorProfiles)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains("\n"+string(list), "\n"+name+" (enforce)\n")
}

// TestCRIOAppArmor has CRI-O load its own profile when it starts, and the agent
// apply it, and others, to what asks for none.
func TestCRIOAppArmor(t *testing.T) {
	if !hasAppArmor {
		t.Skip("this kernel has no AppArmor: make e2e-lsm boots one that has")
	}
	loadProfile(t, "crio-web", fmt.Sprintf(crioProfile, "crio-web", ""))
	loadProfile(t, "crio-complain", fmt.Sprintf(crioProfile, "crio-complain", ",complain"))
	// As after the boot of a node that has never had another runtime.
	for _, name := range []string{"cri-containerd.apparmor.d", "crio-default"} {
		forgetProfile(t, name)
	}
	n := lab.Private(t, build.CRIO, lab.Wrap(t, agent.Wrapping{}))
	if !loadedProfile(t, "crio-default") {
		t.Error("CRI-O has not loaded crio-default when it started")
	}
	g := startLSM(t, n, map[string]string{
		"aa-default": "appArmorProfile: {onViolation: adjust, apply: RuntimeDefault}",
		"aa-web":     "appArmorProfile: {onViolation: adjust, apply: Localhost/crio-web}",
		"aa-reject":  `appArmorProfile: {onViolation: reject, allowed: [RuntimeDefault, "Localhost/crio-*"]}`,
	})
	dir := t.TempDir()
	volume := cri.HostPath(dir, "/protected", false)
	ask := func(options ...cri.ContainerOption) []cri.ContainerOption {
		return append(options, cri.Capabilities([]string{"SYS_ADMIN"}, nil), volume)
	}
	unconfined := ask(cri.UnconfinedAppArmor())
	write, mount := []string{"echo x >/protected/probe && rm /protected/probe"}, []string{"mkdir -p /m && mount -t tmpfs tmpfs /m && umount /m"}
	says(t, g.try(t, "free", "", unconfined...), "unconfined", append(write, mount...), nil)
	says(t, g.try(t, "free", "", ask()...), "crio-default (enforce)", write, mount)
	says(t, g.try(t, "aa-default", "", unconfined...), "crio-default (enforce)", write, mount)
	says(t, g.try(t, "aa-web", "", unconfined...), "crio-web (enforce)", mount, write)
	says(t, g.try(t, "aa-web", "", ask()...), "crio-web (enforce)", mount, write)
	g.try(t, "aa-reject", "AppArmor profile Unconfined not allowed (allowed: RuntimeDefault, Localhost/crio-*)", unconfined...)
	g.try(t, "aa-reject", "confines nothing on this node", ask(cri.AppArmor("crio-complain"))...)
	says(t, g.tryPrivileged(t, "free", volume), "unconfined", append(write, mount...), nil)
	says(t, g.tryPrivileged(t, "aa-default", volume), "crio-default (enforce)", write, mount)
	// Profiles that are stacked: containerd knows no such names, CRI-O hands them on.
	both, none := ask(cri.AppArmor("crio-web//&crio-default")), ask(cri.AppArmor("crio-web//&unconfined"))
	says(t, g.try(t, "free", "", both...), "crio-default//&crio-web (enforce)", nil, append(write, mount...))
	says(t, g.try(t, "free", "", none...), "crio-web//&unconfined", mount, write)
	g.try(t, "aa-reject", `AppArmor profile Localhost/crio-web//&crio-default not allowed`, both...)
	g.try(t, "aa-reject", "AppArmor profile Unconfined not allowed", none...)
	says(t, g.try(t, "aa-default", "", none...), "crio-default (enforce)", write, mount)
	forgetProfile(t, "crio-default")
	g.try(t, "aa-default", "which the policy applies, is not loaded on this node", unconfined...)
}
