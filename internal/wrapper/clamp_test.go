package wrapper

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// process is one that was given, or asked for.
func process(edit func(*specs.Process)) *specs.Process {
	p := &specs.Process{
		User: specs.User{UID: 65532, GID: 65532, AdditionalGids: []uint32{7}},
		Args: []string{"serve"}, Env: []string{"PATH=/bin", "A=1"}, Cwd: "/", NoNewPrivileges: true,
		Capabilities: &specs.LinuxCapabilities{
			Bounding: []string{"CAP_CHOWN"}, Effective: []string{"CAP_CHOWN"}, Permitted: []string{"CAP_CHOWN"},
		},
		Rlimits:         []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Hard: 64, Soft: 64}},
		ApparmorProfile: "strict", SelinuxLabel: "system_u:system_r:container_t:s0:c1,c2",
	}
	if edit != nil {
		edit(p)
	}
	return p
}

// TestClamp never gives what the container was not given.
func TestClamp(t *testing.T) {
	asked := process(func(p *specs.Process) {
		p.Args, p.Cwd, p.Terminal, p.ConsoleSize = []string{"sh"}, "/tmp", true, &specs.Box{Height: 1, Width: 2}
		p.User = specs.User{UID: 0, GID: 0, AdditionalGids: []uint32{0}}
		p.Env = []string{"LD_PRELOAD=/x", "A=2", "TERM=xterm", "PATH=/bin"}
		p.NoNewPrivileges = false
		all := []string{"CAP_SYS_ADMIN", "CAP_CHOWN", "CAP_KILL"}
		p.Capabilities = &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all, Inheritable: all, Ambient: all}
		p.Rlimits, p.ApparmorProfile, p.SelinuxLabel = nil, "unconfined", "system_u:system_r:spc_t:s0"
		p.OOMScoreAdj, p.Scheduler = new(-1000), &specs.Scheduler{Policy: specs.SchedFIFO, Priority: 99}
	})
	want := process(func(p *specs.Process) {
		p.Args, p.Cwd, p.Terminal, p.ConsoleSize = []string{"sh"}, "/tmp", true, &specs.Box{Height: 1, Width: 2}
		p.Env = []string{"A=2", "TERM=xterm", "PATH=/bin"}
		p.Capabilities.Inheritable, p.Capabilities.Ambient = []string{}, []string{}
	})
	if got := clamp(asked, process(nil)); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v %+v\nwant %+v %+v", got, got.Capabilities, want, want.Capabilities)
	}
	// What asks for less gets less.
	less := process(func(p *specs.Process) { p.Capabilities = &specs.LinuxCapabilities{} })
	free := process(func(p *specs.Process) { p.NoNewPrivileges = false })
	if got := clamp(less, free); !got.NoNewPrivileges || len(got.Capabilities.Effective) > 0 {
		t.Errorf("got %+v", got)
	}
	// Who names no capabilities gets the container's; where it has none, none.
	unnamed := process(func(p *specs.Process) { p.Capabilities = nil })
	if got := clamp(unnamed, process(nil)); !reflect.DeepEqual(got.Capabilities, process(nil).Capabilities) {
		t.Errorf("got %+v", got.Capabilities)
	}
	if got := clamp(process(nil), unnamed); got.Capabilities == nil || len(got.Capabilities.Bounding) > 0 {
		t.Errorf("got %+v", got.Capabilities)
	}
	// The container's own process again is no change.
	if got := clamp(process(nil), process(nil)); got.Args[0] != "serve" || !reflect.DeepEqual(got.Env, process(nil).Env) {
		t.Errorf("got %+v", got)
	}
}

// TestClampHome keeps the HOME that the container's user was given.
func TestClampHome(t *testing.T) {
	env := func(entries ...string) *specs.Process {
		return process(func(p *specs.Process) { p.Env = entries })
	}
	for _, tt := range []struct{ given, asked, want []string }{
		{[]string{"A=1", "HOME=/tmp"}, []string{"A=2"}, []string{"A=2", "HOME=/tmp"}},
		{[]string{"HOME=/root", "HOME=/tmp"}, []string{"HOME=/root", "A=2"}, []string{"HOME=/tmp"}},
		{[]string{"A=1"}, []string{"A=2", "HOME=/root"}, []string{"A=2"}},
	} {
		if got := clamp(env(tt.asked...), env(tt.given...)).Env; !slices.Equal(got, tt.want) {
			t.Errorf("%q in %q: %q, want %q", tt.asked, tt.given, got, tt.want)
		}
	}
}

func TestWithin(t *testing.T) {
	for line, want := range map[string]string{
		"":                                 "",
		"-u 65532":                         "",
		"-u 65532:65532 -g 7":              "",
		"--cap CAP_CHOWN -t":               "",
		"--apparmor strict --no-new-privs": "",
		"--process-label system_u:system_r:container_t:s0:c1,c2": "",
		"-e A=2 --env TERM=xterm":                                "",
		"-e LD_PRELOAD=/secret":                                  "refused: exec --env LD_PRELOAD: the container has no such variable",
		"-u 0":                                                   "refused: exec --user 0: the container has 65532:65532",
		"-u 65532:0":                                             "refused: exec --user 65532:0: the container has 65532:65532",
		"-u root":                                                "refused: exec --user root: the container has 65532:65532",
		"-g 7 -g 0":                                              "refused: exec --additional-gids 0: the container has [7]",
		"-g 7,0":                                                 "refused: exec --additional-gids 0: the container has [7]",
		"--cap CAP_SYS_ADMIN":                                    "refused: exec --cap CAP_SYS_ADMIN: the container has CAP_CHOWN",
		"--cap CAP_CHOWN,CAP_KILL":                               "refused: exec --cap CAP_KILL: the container has CAP_CHOWN",
		"--apparmor unconfined":                                  `refused: exec --apparmor unconfined: the container has "strict"`,
		"--process-label x:y:spc_t":                              `refused: exec --process-label x:y:spc_t: the container has "system_u:system_r:container_t:s0:c1,c2"`,
		"--no-new-privs=false":                                   "refused: exec --no-new-privs false: the container has no_new_privs",
	} {
		c, err := parse(words("exec " + line + " 9b7e sh"))
		if err != nil {
			t.Fatal(err)
		}
		err = within(c.flags, process(nil))
		if got := strings.TrimSpace(errorText(err)); got != want {
			t.Errorf("%q: %q", line, got)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
