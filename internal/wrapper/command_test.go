package wrapper

import (
	"reflect"
	"strings"
	"testing"
)

func words(s string) []string { return strings.Fields(s) }

func TestParse(t *testing.T) {
	for line, want := range map[string]struct {
		name, root, bundle, process, operands string
	}{
		"":                                      {},
		"--version":                             {},
		"state 9b7e":                            {name: "state"},
		"--root /r state 9b7e":                  {name: "state", root: "/r"},
		"--root=/r kill 9b7e KILL":              {name: "kill", root: "/r"},
		"-root /r delete --force 9b7":           {name: "delete", root: "/r"},
		"--new-flag x state 9b7e":               {}, // the real runtime's to understand
		"create --bundle /b --pid-file /p 9b7e": {name: "create", bundle: "/b", operands: "9b7e"},
		"create -b /b 9b7e":                     {name: "create", bundle: "/b", operands: "9b7e"},
		"create -b=/b 9b7e":                     {name: "create", bundle: "/b", operands: "9b7e"},
		"--root /r --log /l --log-format json create --bundle=/b 9b7e":    {name: "create", root: "/r", bundle: "/b", operands: "9b7e"},
		"--systemd-cgroup --debug --root=/r run -d --no-pivot 9b7e":       {name: "run", root: "/r", operands: "9b7e"},
		"create --no-pivot=true -- 9b7e":                                  {name: "create", operands: "9b7e"},
		"exec 9b7e sh -c id":                                              {name: "exec", operands: "9b7e sh -c id"},
		"exec --process /p --detach --pid-file /f 9b7e":                   {name: "exec", process: "/p", operands: "9b7e"},
		"exec -p /p -t 9b7e":                                              {name: "exec", process: "/p", operands: "9b7e"},
		"exec -e A=B -e C=D --cap CAP_CHOWN --cap CAP_KILL 9b7e --user 0": {name: "exec", operands: "9b7e --user 0"},
		"restore --image-path /i 9b7e":                                    {name: "restore"},
		"-- create --bundle /b 9b7e":                                      {name: "create", bundle: "/b", operands: "9b7e"},
		"--root /r -- exec -p /p 9b7e":                                    {name: "exec", root: "/r", process: "/p", operands: "9b7e"},
		"-- restore 9b7e":                                                 {name: "restore"},
		"--":                                                              {},
	} {
		c, err := parse(words(line))
		got := []string{c.name, c.globals.value("root"), c.flags.value("bundle"), c.flags.value("process"), strings.Join(c.operands, " ")}
		if err != nil || !reflect.DeepEqual(got, []string{want.name, want.root, want.bundle, want.process, want.operands}) {
			t.Errorf("%q: %q, error %v", line, got, err)
		}
		if !reflect.DeepEqual(c.args, words(line)) {
			t.Errorf("%q: arguments %q", line, c.args)
		}
	}
}

// TestParseRefuses does not guess what may start a process.
func TestParseRefuses(t *testing.T) {
	const unknown = "is not known to specguard-runtime, so it cannot judge what would start"
	for line, want := range map[string]string{
		"--new-flag x create 9b7e":         "the flag --new-flag " + unknown,
		"--new-flag=x exec 9b7e sh":        "the flag --new-flag= " + unknown,
		"create --config /c 9b7e":          "create: the flag --config " + unknown,
		"create --config=/c 9b7e":          "create: the flag --config= " + unknown,
		"create -b/b 9b7e":                 "create: the flag -b/b " + unknown,
		"create --bun /b 9b7e":             "create: the flag --bun " + unknown,
		"create --bundle /a -b /b 9b7e":    "create: --bundle is given twice",
		"create 9b7e --bundle /b":          `create: unexpected argument "--bundle" after the container ID`,
		"create --bundle":                  "create: --bundle has no value",
		"create --bundle /b":               "create: the container ID is missing",
		"exec --process /a -p /b 9b7e":     "exec: --process is given twice",
		"exec --uid 0 9b7e sh":             "exec: the flag --uid " + unknown,
		"run --bundle /b -d":               "run: the container ID is missing",
		"--root /a --root /b create 9b7e":  "--root is given twice",
		"create --root /r --bundle /b 9b7": "create: the flag --root " + unknown,
	} {
		if c, err := parse(words(line)); err == nil || err.Error() != want {
			t.Errorf("%q: %+v, error %v", line, c, err)
		}
	}
}

func TestWith(t *testing.T) {
	for line, want := range map[string]string{
		"exec --process /p 9b7e":       "exec --process /new 9b7e",
		"exec --process=/p 9b7e":       "exec --process=/new 9b7e",
		"exec -d -p /p 9b7e":           "exec -d -p /new 9b7e",
		"exec -p=/p -d 9b7e":           "exec --process=/new -d 9b7e",
		"exec 9b7e --process /p":       "exec 9b7e --process /p",
		"--root /p exec -p /p 9b7e /p": "--root /p exec -p /new 9b7e /p",
	} {
		c, err := parse(words(line))
		if got := strings.Join(c.with("process", "/new"), " "); err != nil || got != want {
			t.Errorf("%q: %q, error %v", line, got, err)
		}
	}
}
