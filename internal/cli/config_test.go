package cli

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/app"
	"github.com/specguard/specguard/policy"
)

// load parses the arguments of run, and reads the configuration that they
// name.
func load(t *testing.T, args ...string) (app.Config, error) {
	t.Helper()
	cmd := runCommand("")
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		t.Fatal(err)
	}
	return app.Load(cmd.Flags(), path)
}

func TestLoadConfig(t *testing.T) {
	full := file(t, "config.yaml", `policyDir: /p
nri: {socket: /n, name: other, index: "10"}
containerdSocket: /c
criSocket: /cri
runtimeSocket: /r
hookPath: /h
existing: stop
maxContainerSize: 100Ki
testedHandlers: [kata]
builtinPolicy: {profile: restricted, mode: enforce}
opener: containerd
http: ":1"
decisionLog: /a
log: {level: debug, format: json, file: /l}
host: {root: /host, kubeletDir: /k, runtimeDirs: [/rt, /rt2], bundles: ["/b/{id}"]}
`)
	all := app.Config{
		PolicyDir: "/p", NRI: app.NRIConfig{Socket: "/n", Name: "other", Index: "10"}, ContainerdSocket: "/c", CRISocket: "/cri", RuntimeSocket: "/r", HookPath: "/h", Existing: "stop", MaxContainerSize: 100 << 10, TestedHandlers: []string{"kata"},
		BuiltinPolicy: policy.Builtin{Profile: "restricted", Mode: policy.ModeEnforce}, Opener: "containerd",
		HTTP: ":1", DecisionLog: "/a", Log: app.LogConfig{Level: "debug", Format: "json", File: "/l"}, Host: app.HostConfig{Root: "/host", KubeletDir: "/k", RuntimeDirs: []string{"/rt", "/rt2"}, Bundles: []string{"/b/{id}"}},
	}
	with := func(c app.Config, edit func(*app.Config)) app.Config { edit(&c); return c }
	for name, c := range map[string]struct {
		args []string
		want app.Config
	}{
		"nothing":       {nil, app.DefaultConfig()},
		"empty file":    {[]string{"--config", file(t, "c.yaml", "")}, app.DefaultConfig()},
		"comments":      {[]string{"--config", file(t, "c.yaml", "# nothing\n")}, app.DefaultConfig()},
		"full file":     {[]string{"--config", full}, all},
		"a part":        {[]string{"--config", file(t, "c.yaml", "nri: {name: x}\n")}, with(app.DefaultConfig(), func(c *app.Config) { c.NRI.Name = "x" })},
		"flags":         {[]string{"--http", "", "--nri-socket=/f"}, with(app.DefaultConfig(), func(c *app.Config) { c.HTTP, c.NRI.Socket = "", "/f" })},
		"flags go over": {[]string{"--config", full, "--http", "", "--log-level=error"}, with(all, func(c *app.Config) { c.HTTP, c.Log.Level = "", "error" })},
		"a flag that is the default goes over too": {
			[]string{"--policy-dir", app.DefaultPolicyDir, "--config", full, "--opener=auto"},
			with(all, func(c *app.Config) { c.PolicyDir, c.Opener = app.DefaultPolicyDir, "auto" }),
		},
		"the decision log's earlier name": {
			[]string{"--config", file(t, "c.yaml", "auditLog: /a\n")},
			with(app.DefaultConfig(), func(c *app.Config) { c.DecisionLog, c.AuditLog = "/a", "/a" }),
		},
		"flags go over the decision log's earlier name": {
			[]string{"--config", file(t, "c.yaml", "auditLog: /a\n"), "--decision-log="},
			with(app.DefaultConfig(), func(c *app.Config) { c.AuditLog = "/a" }),
		},
		"the decision log's earlier flag": {[]string{"--audit-log=-"}, with(app.DefaultConfig(), func(c *app.Config) { c.DecisionLog = "-" })},
		"every flag": {
			[]string{
				"--policy-dir=1", "--nri-socket=2", "--containerd-socket=3", "--opener=containerd", "--http=:5", "--decision-log=6",
				"--log-level=7", "--log-format=json", "--log-file=9", "--runtime-socket=10", "--cri-socket=11",
			},
			with(app.DefaultConfig(), func(c *app.Config) {
				c.PolicyDir, c.NRI.Socket, c.ContainerdSocket, c.Opener, c.HTTP, c.DecisionLog = "1", "2", "3", "containerd", ":5", "6"
				c.RuntimeSocket, c.CRISocket = "10", "11"
				c.Log = app.LogConfig{Level: "7", Format: "json", File: "9"}
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := load(t, c.args...)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("error %v\ngot  %+v\nwant %+v", err, got, c.want)
			}
		})
	}
}

func TestFaultyConfig(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    []string // after the file's path
	}{
		"unknown keys":   {"policyDir: /p\npolicydir: /q\nnri: {sock: /n}\n", []string{`:2:1: unknown field "policydir" (allowed: `, `:3:7: nri: unknown field "sock" (allowed: socket, name, index)`}},
		"wrong type":     {"http: [a]\n", []string{":1:7: http: "}},
		"size":           {"maxContainerSize: 1Ki\n", []string{`:1:19: maxContainerSize: "1Ki" is not a container size (allowed: 0 for no limit, or from 64Ki to 1Gi, such as 256Ki)`}},
		"a list":         {"- a\n", []string{":1:1: must be a mapping"}},
		"null":           {"---\n", []string{":2:1: must not be empty"}},
		"builtin policy": {"builtinPolicy: {profile: strict}\n", []string{`:1:26: builtinPolicy.profile: unknown profile "strict" (allowed: `}},
		"builtin mode":   {"builtinPolicy: {mode: ignore}\n", []string{`:1:23: builtinPolicy.mode: "ignore"`}},
		"no YAML":        {"http: x\nnri: {\n", []string{":2:7: invalid YAML: "}},
		"two documents":  {"http: x\n---\nhttp: y\n", []string{":2:1: a second document"}},
		"faulty second":  {"http: x\n---\nnri: {\n", []string{":3:7: invalid YAML: "}},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "config.yaml", c.content)
			_, err := load(t, "--config", path)
			if err == nil {
				t.Fatal("no error")
			}
			want := make([]string, len(c.want))
			for i, w := range c.want {
				want[i] = path + w
			}
			lines(t, err.Error(), want...)
		})
	}
}

func TestInvalidConfig(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"missing":                   {[]string{"--config", "/no/such"}, "read configuration: open /no/such: no such file or directory"},
		"a folder":                  {[]string{"--config", t.TempDir()}, "read configuration: read "},
		"opener without its socket": {[]string{"--opener", "verify", "--runtime-socket="}, "opener verify needs a runtime socket"},
		"existing":                  {[]string{"--config", file(t, "c.yaml", "existing: kill\n")}, `existing "kill" is not one of report, stopDenied, stop`},
		"bundles without id":        {[]string{"--config", file(t, "c.yaml", "host: {bundles: [/run/x]}\n")}, `host.bundles: "/run/x" is not the pattern of an absolute path with {id} in it`},
		"bundles, no pattern":       {[]string{"--config", file(t, "c.yaml", "host: {bundles: ['/run/[/{id}']}\n")}, `host.bundles: "/run/[/{id}" is not the pattern`},
		"runtime folder":            {[]string{"--config", file(t, "c.yaml", "host: {runtimeDirs: [run/x]}\n")}, `host.runtimeDirs: "run/x" is not a folder that a runtime can keep its files in`},
		"runtime folder, all":       {[]string{"--config", file(t, "c.yaml", "host: {runtimeDirs: [/]}\n")}, `host.runtimeDirs: "/" is not a folder that a runtime can keep its files in`},
		"root":                      {[]string{"--config", file(t, "c.yaml", "host: {root: host}\n")}, `host.root "host" is not an absolute path (allowed: / on the host itself`},
		"kubelet's folder":          {[]string{"--config", file(t, "c.yaml", "host: {kubeletDir: kubelet}\n")}, `host.kubeletDir "kubelet" is not an absolute path`},
		"index":                     {[]string{"--config", file(t, "c.yaml", "nri: {index: \"9\"}\n")}, `nri.index "9" is not an index (allowed: two digits, such as "90")`},
		"tested pattern":            {[]string{"--config", file(t, "c.yaml", "testedHandlers: [\"\", runc, kata*]\n")}, `testedHandlers: "kata*" is not the name of a runtime handler (allowed: `},
		"http, no port":             {[]string{"--http", "127.0.0.1"}, `http "127.0.0.1" is not an address to listen on (allowed: HOST:PORT, such as 127.0.0.1:9464, `},
		"http, port":                {[]string{"--http", ":99999"}, `http ":99999" is not an address`},
		"http, empty port":          {[]string{"--http", "localhost:"}, `http "localhost:" is not an address`},
		"http, URL":                 {[]string{"--http", "http://127.0.0.1:9464"}, `http "http://127.0.0.1:9464" is not an address`},
		"http, in file":             {[]string{"--config", file(t, "c.yaml", "http: x\n")}, `http "x" is not an address`},
		"hook path":                 {[]string{"--config", file(t, "c.yaml", "hookPath: bin/x\n")}, `hookPath "bin/x" is not an absolute path`},
		"opener":                    {[]string{"--opener", "magic"}, `opener "magic" is not one of auto, containerd, runtime, verify`},
		"log format":                {[]string{"--log-format", "xml"}, `log format "xml" is not one of text, json`},
		"log format, in file":       {[]string{"--config", file(t, "c.yaml", "log: {format: xml}\n")}, `log format "xml"`},
	} {
		if _, err := load(t, c.args...); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	bad := filepath.Dir(file(t, "bad.yaml", policyText("capabilities: {drop: [NO]}", "nothing: {}")))
	faulty := file(t, "config.yaml", "httpp: x\n")
	both := file(t, "both.yaml", "auditLog: /a\ndecisionLog: /b\n")
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"invalid policies": {[]string{"--policy-dir", bad}, []string{
			bad + `/bad.yaml:6:27: spec.rules.capabilities.drop[0]: unknown capability "NO"`,
			bad + `/bad.yaml:7:5: spec.rules: unknown rule "nothing"`,
			"specguard does not start with invalid policies\n",
		}},
		"no policy folder": {[]string{"--policy-dir", "/no/such"}, []string{"/no/such: no such file", "specguard does not start with invalid policies\n"}},
		"faulty config":    {[]string{"--config", faulty}, []string{faulty + `:1:1: unknown field "httpp"`}},
		"log level":        {[]string{"--log-level", "loud"}, []string{`log level "loud" is not one of debug, info, warning, error`}},
		"log file":         {[]string{"--log-file", "/dev/null/log"}, []string{"open log file: mkdir /dev/null: "}},
		"decision log":     {[]string{"--decision-log", "/dev/null/log"}, []string{"open decision log: mkdir /dev/null: "}},
		"both names":       {[]string{"--config", both}, []string{both + ": auditLog is the earlier name of decisionLog: set decisionLog only"}},
		"its earlier flag": {[]string{"--audit-log", "/dev/null/log"}, []string{"Flag --audit-log has been deprecated, use --decision-log", "open decision log: mkdir /dev/null: "}},
		"HTTP":             {[]string{"--http", "192.0.2.1:80"}, []string{"listen for HTTP: "}},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			r := specguard(t, append([]string{"run", "--http=", "--log-file", log}, c.args...)...)
			if r.code != 1 || r.stdout != "" {
				t.Errorf("%+v", r)
			}
			lines(t, r.stderr, c.want...)
		})
	}
}
