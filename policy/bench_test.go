package policy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
)

// containerdSpec reads a spec that containerd 2.4.2 made.
func containerdSpec(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/containerd-2.4.2-" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func decode(t testing.TB, raw []byte) *specs.Spec {
	t.Helper()
	spec, err := ocispec.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// adjusting is a policy that adjusts in every rule that the profile
// restricted has and that can.
func adjusting(name string) string {
	d := policyDoc(name,
		`privileged: {onViolation: adjust}`,
		`capabilities: {onViolation: adjust}`,
		`procMount: {onViolation: adjust}`,
		`allowPrivilegeEscalation: {onViolation: adjust}`,
		`runAsNonRoot: {onViolation: adjust}`,
		`seccompProfile: {onViolation: adjust}`,
		`readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp, /run]}`,
	)
	return strings.Replace(d, "spec:\n", "spec:\n  profile: restricted\n", 1)
}

// node is a host like most: its files can be seen, it has no security modules.
func node() Host {
	return fakeHost{links: map[string]string{"/var/run": "/run"}, apparmor: AppArmor{State: Disabled}, selinux: Disabled}
}

// tenants are policies of which five match namespace team-a; the others are
// for other namespaces, labels and images.
func tenants(n int) []string {
	var docs []string
	for i := range n {
		match := ""
		switch {
		case i < 5:
			match = `{namespaces: ["team-*"], podSelector: {matchLabels: {tier: web}}}`
		case i%3 == 0:
			match = fmt.Sprintf(`{namespaces: ["other-%d-*"]}`, i)
		case i%3 == 1:
			match = fmt.Sprintf(`{namespaces: ["tenant-%d"], images: ["registry.example.com/%d/**"]}`, i, i)
		default:
			match = fmt.Sprintf(`{excludeNamespaces: ["team-*"], podSelector: {matchLabels: {app: "%d"}}}`, i)
		}
		doc := strings.Replace(profilePolicy("restricted"), "name: restricted", fmt.Sprintf("name: p%d", i), 1)
		docs = append(docs, strings.Replace(doc, "spec: {", "spec: {match: "+match+", ", 1))
	}
	return docs
}

// BenchmarkDecision judges a container that complies. Its cost must not grow
// with policies that do not match.
func BenchmarkDecision(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("policies=%d", n), func(b *testing.B) {
			set := compileDocs(b, tenants(n)...)
			sub := subject(newSpec(restricted))
			sub.Host = node()
			d := set.Evaluate(sub, Complete)
			if d.Outcome() != Allowed || len(d.Policies) != min(n, 5) {
				b.Fatalf("outcome %s by %v: %s", d.Outcome(), d.Policies, d.Message())
			}
			b.ReportAllocs()
			for b.Loop() {
				set.Evaluate(sub, Complete)
			}
		})
	}
}

// BenchmarkOpen is what opening a seal costs in this process: reading the
// spec, deciding, writing it back.
func BenchmarkOpen(b *testing.B) {
	for _, name := range []string{"unprivileged", "privileged"} {
		b.Run(name, func(b *testing.B) {
			raw := containerdSpec(b, name)
			set := compileDocs(b, adjusting("a"))
			open := func() *Decision {
				spec := decode(b, raw)
				sub := subject(spec)
				sub.Pod.UID, sub.Pod.ID = spec.Annotations["io.kubernetes.cri.sandbox-uid"], spec.Annotations["io.kubernetes.cri.sandbox-id"]
				sub.Host = node()
				d := set.Evaluate(sub, Complete)
				if _, err := ocispec.Patch(raw, spec, d.Spec); err != nil {
					b.Fatal(err)
				}
				return d
			}
			if d := open(); d.Outcome() != Adjusted {
				b.Fatalf("outcome %s: %s", d.Outcome(), d.Message())
			}
			b.ReportAllocs()
			for b.Loop() {
				open()
			}
		})
	}
}

func BenchmarkClone(b *testing.B) {
	spec := decode(b, containerdSpec(b, "privileged"))
	b.ReportAllocs()
	for b.Loop() {
		ocispec.Clone(spec)
	}
}

// BenchmarkCompile compiles 1,000 policies with 5 rules each.
func BenchmarkCompile(b *testing.B) {
	var docs []string
	for i := range 1000 {
		docs = append(docs, strings.Replace(policyDoc(fmt.Sprintf("p%d", i),
			"privileged: {}",
			"capabilities: {onViolation: adjust, drop: [ALL], allow: [NET_BIND_SERVICE]}",
			"runAsNonRoot: {onViolation: adjust, runAsUser: 10001, allowedUsers: [{min: 1000, max: 65535}]}",
			"hostPaths: {allowed: [{path: /var/log, readOnly: true}, {path: /srv/data}]}",
			"resources: {onViolation: adjust, memory: {default: 256Mi, max: 1Gi}, pids: {max: 512}}",
		), "spec:\n", fmt.Sprintf("spec:\n  match: {namespaces: [\"team-%d-*\"], podSelector: {matchLabels: {tier: web}}}\n", i), 1))
	}
	files := sources(docs...)
	set, err := Compile(files...)
	if err != nil || set.RuleCount() != 5000 {
		b.Fatal(set.RuleCount(), err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(files...); err != nil {
			b.Fatal(err)
		}
	}
}
