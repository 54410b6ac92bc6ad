package policy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestHostPorts(t *testing.T) {
	for name, tt := range map[string]struct {
		rule  string
		ports []HostPort
		want  string
	}{
		"none":             {"", nil, ""},
		"zero":             {"", []HostPort{{Protocol: "TCP"}}, ""},
		"one":              {"", []HostPort{{Port: 80, Protocol: "TCP"}}, "host ports 80 TCP not allowed (allowed: none)"},
		"lower end":        {"allowed: [{min: 80, max: 90}]", []HostPort{{Port: 80}}, ""},
		"upper end":        {"allowed: [{min: 80, max: 90}]", []HostPort{{Port: 90}}, ""},
		"below":            {"allowed: [{min: 80, max: 90}]", []HostPort{{Port: 79, Protocol: "UDP"}}, "host ports 79 UDP not allowed (allowed: 80-90)"},
		"above":            {"allowed: [{min: 80, max: 90}, {min: 443, max: 443}]", []HostPort{{Port: 91}}, "host ports 91 not allowed (allowed: 80-90, 443)"},
		"second range":     {"allowed: [{min: 80, max: 90}, {min: 443, max: 443}]", []HostPort{{Port: 443}}, ""},
		"on one address":   {"", []HostPort{{Port: 80, Protocol: "TCP", HostIP: "127.0.0.1"}}, "host ports 80 TCP not allowed (allowed: none)"},
		"one of several":   {"allowed: [{min: 80, max: 90}]", []HostPort{{Port: 80}, {Port: 22, Protocol: "SCTP"}}, "host ports 22 SCTP not allowed (allowed: 80-90)"},
		"protocol":         {"allowed: [{min: 80, max: 90, protocol: TCP}]", []HostPort{{Port: 80, Protocol: "TCP"}}, ""},
		"other protocol":   {"allowed: [{min: 80, max: 90, protocol: TCP}, {min: 53, max: 53, protocol: UDP}]", []HostPort{{Port: 80, Protocol: "UDP"}, {Port: 53, Protocol: "UDP"}}, "host ports 80 UDP not allowed (allowed: 80-90 TCP, 53 UDP)"},
		"no protocol":      {"allowed: [{min: 80, max: 90, protocol: TCP}]", []HostPort{{Port: 80}}, "host ports 80 not allowed (allowed: 80-90 TCP)"},
		"beyond the range": {"allowed: [{min: 1, max: 65535}]", []HostPort{{Port: 65536}, {Port: -1}}, "host ports 65536, -1 not allowed (allowed: 1-65535)"},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec())
			sub.Pod.Sandbox = &Sandbox{HostPorts: tt.ports}
			set := compileDocs(t, policyDoc("test", "hostPorts: {"+tt.rule+"}"))
			var want []string
			if tt.want != "" {
				want = []string{"hostPorts: " + tt.want}
			}
			if got := findings(set.Evaluate(sub, Complete)); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			if !set.Select(&sub).Sandbox {
				t.Error("the selection does not ask for the sandbox")
			}
		})
	}
}

func TestHostPortsErrors(t *testing.T) {
	const port = ` is not a port (allowed: a whole number from 1 to 65535)`
	for rule, want := range map[string]string{
		"hostPorts: {allowed: [{min: 0, max: 80}]}":               `0.yaml:6:33: spec.rules.hostPorts.allowed[0].min: "0"` + port,
		"hostPorts: {allowed: [{min: 80, max: 65536}]}":           `0.yaml:6:42: spec.rules.hostPorts.allowed[0].max: "65536"` + port,
		"hostPorts: {allowed: [{min: http, max: 80}]}":            `0.yaml:6:33: spec.rules.hostPorts.allowed[0].min: "http"` + port,
		"hostPorts: {allowed: [{min: 80}]}":                       "0.yaml:6:27: spec.rules.hostPorts.allowed[0]: needs min and max",
		"hostPorts: {allowed: [{min: 90, max: 80}]}":              "0.yaml:6:42: spec.rules.hostPorts.allowed[0].max: 80 is below min, 90",
		"hostPorts: {allowed: [{min: 8, max: 9, protocol: tcp}]}": `0.yaml:6:54: spec.rules.hostPorts.allowed[0].protocol: "tcp" is not one of TCP, UDP, SCTP`,
		"hostPorts: {onViolation: adjust}":                        "0.yaml:6:30: spec.rules.hostPorts.onViolation: this rule cannot adjust (allowed: reject, audit, ignore)",
	} {
		if got := loadError(rule); got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

func drawHostPorts(t *rapid.T, _ Action) []string {
	return some(t, "field", "allowed: [{min: 80, max: 8080"+pick(t, "protocol", "", ", protocol: TCP")+"}]")
}

func drawSandbox(t *rapid.T) *Sandbox {
	return pick(t, "sandbox", nil, &Sandbox{}, &Sandbox{HostPorts: []HostPort{{Port: 443, Protocol: "TCP"}}},
		&Sandbox{Sysctls: map[string]string{"kernel.msgmax": "1"}, HostPorts: []HostPort{{Port: 22}}})
}
