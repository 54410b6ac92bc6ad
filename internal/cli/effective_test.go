package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// lookups is a file with policies and exceptions.
func lookups(t *testing.T) string {
	t.Helper()
	policies := `apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: tenants}
spec:
  match: {namespaces: ["team-*"]}
  rules:
    hostPorts: {}
    capabilities: {onViolation: adjust, drop: [ALL], allow: [CHOWN]}
---
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: registry}
spec:
  match: {namespaces: ["team-*"], images: ["registry.example.com/**"]}
  mode: audit
  rules: {capabilities: {on: request, drop: [NET_RAW]}}
---
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: infra}
spec:
  match: {namespaces: [infra]}
  rules: {hostPorts: {}}
`
	soon := time.Now().AddDate(0, 0, 9).Format(time.DateOnly)
	for _, e := range []string{
		"vpn}\nspec: {policies: [tenants], allow: {capabilities: [NET_ADMIN]}, match: {namespaces: [team-a], containers: [vpn]}, reason: the tunnel, owner: net, expires: " + soon + "}",
		"old}\nspec: {policies: [tenants], rules: [hostPorts], match: {namespaces: [team-a]}, reason: r, owner: o, expires: 2020-01-31}",
		"ever}\nspec: {policies: [infra], rules: [hostPorts], match: {namespaces: [infra]}, reason: r, owner: o, expires: never}",
		"far}\nspec: {policies: [infra], rules: [hostPorts], match: {namespaces: [infra], containers: [x]}, reason: r, owner: o, expires: 2920-01-31}",
	} {
		policies += "---\napiVersion: specguard.dev/v1beta1\nkind: Exception\nmetadata: {name: " + e + "\n"
	}
	return file(t, "p.yaml", policies)
}

func TestEffective(t *testing.T) {
	p := lookups(t)
	r := specguard(t, "effective", "-n", "team-a", "--policy-dir", p)
	soon := time.Now().AddDate(0, 0, 10).Format(time.DateOnly)
	want := `Policies in namespace team-a
  infra (enforce) does not apply
      namespaces [infra] does not have the namespace
  registry (audit) applies if
      the image is in images [registry.example.com/**]
  tenants (enforce) applies

Rules
  capabilities
    registry: reject (mode audit: only reported), on request, if the policy applies  {drop: [CAP_NET_RAW]}
    tenants: adjust  {drop: [ALL], allow: [CAP_CHOWN]}
      adjusting removes what is not allowed from all five sets.
      exception vpn: also allows [CAP_NET_ADMIN], if
          the container's name is in containers [vpn]
          the tunnel, owner net, ends ` + soon + `T00:00:00Z
  hostPorts
    tenants: reject
`
	if r.code != 0 || r.stdout != want {
		t.Errorf("%+v, want\n%s", r, want)
	}

	r = specguard(t, "effective", "-n", "team-a", "--policy-dir", p, "--image", "redis", "--container", "vpn", "-o", "json")
	var got effective
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	if len(got.Policies) != 3 || got.Policies[1].Matches != "no" || len(got.Rules) != 2 || len(got.Rules[0].Policies) != 1 {
		t.Fatalf("%+v", got)
	}
	of := got.Rules[0].Policies[0]
	if of.OnViolation != "adjust" || of.Adjusting == "" || len(of.Exceptions) != 1 || of.Exceptions[0].Applies != "yes" || of.Exceptions[0].Allow == nil {
		t.Errorf("%+v", of)
	}

	r = specguard(t, "effective", "-n", "kube-system", "--policy-dir", p)
	if r.code != 0 || !strings.HasSuffix(r.stdout, "\n\nNo rule holds: any container may run\n") {
		t.Errorf("%+v", r)
	}
	specguard(t, "effective", "--policy-dir", p).expect(t, 1, "", "specguard effective needs --namespace: see specguard effective --help\n")
	specguard(t, "effective", "-n", "a/b").expect(t, 1, "", "\"a/b\" is not a valid namespace name (allowed: a DNS label)\n")
	specguard(t, "effective", "-n", "a", "-o", "x").expect(t, 1, "", "output \"x\" is not one of text, json\n")
}

func TestExceptions(t *testing.T) {
	p := lookups(t)
	for _, c := range []struct {
		args  []string
		names string // with their status
	}{
		{nil, "old expired, vpn expiring, far active, ever never ends"},
		{[]string{"--expired"}, "old expired"},
		{[]string{"--within", "30d"}, "vpn expiring"},
		{[]string{"--within", "12h"}, ""},
	} {
		args := append([]string{"exceptions", "--policy-dir", p}, c.args...)
		r := specguard(t, append(args, "--output", "json")...)
		var list []listedException
		if err := json.Unmarshal([]byte(r.stdout), &list); err != nil || r.code != 0 {
			t.Fatalf("%v, %+v", err, r)
		}
		var names []string
		text := specguard(t, args...).stdout
		for _, e := range list {
			names = append(names, e.Exception+" "+e.Status)
			if !strings.Contains(text, e.Exception+": "+e.Status+", ") || e.Match == nil || !strings.HasPrefix(e.Place, p+":") {
				t.Errorf("%+v in\n%s", e, text)
			}
		}
		if got := strings.Join(names, ", "); got != c.names {
			t.Errorf("%v: %s, want %s", c.args, got, c.names)
		}
	}
	r := specguard(t, "exceptions", "--policy-dir", p, "--within", "30d")
	want := "  owner: net\n  reason: the tunnel\n  also allows: {capabilities: [CAP_NET_ADMIN]} in tenants\n" +
		"  covers: {namespaces: [team-a], containers: [vpn]}\n  at: " + p + ":25:1\n1 of 4 exceptions\n"
	if _, rest, _ := strings.Cut(r.stdout, "\n"); rest != want {
		t.Errorf("%s, want %s", rest, want)
	}
	specguard(t, "exceptions", "--policy-dir", p, "--within", "5").
		expect(t, 1, "", "within \"5\" is not a time (allowed: days such as 30d, or hours such as 12h)\n")
}
