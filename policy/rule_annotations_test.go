package policy

import (
	"maps"
	"testing"
)

func TestAnnotations(t *testing.T) {
	own := func(keysAndValues ...string) func(*Subject) {
		return func(s *Subject) { s.Spec.Annotations = pairs(keysAndValues) }
	}
	pods := func(keysAndValues ...string) func(*Subject) {
		return func(s *Subject) { s.Pod.Annotations = pairs(keysAndValues) }
	}
	testFindings(t, "annotations", []ruleCase{
		{"none", "{}", own(), nil},
		{"others", "{}", own("example.com/a", "b", "run.ocish", "x", "bundles", "x", "io.kubernetes.cri.sandbox-id", "x"), nil},
		{"crun's", "{}", own("run.oci.seccomp_bpf_data", "AAA="), []string{"annotations run.oci.seccomp_bpf_data not allowed (allowed: none)"}},
		{
			"all kinds", "{}",
			own("bundle", "/x", "dev.gvisor.flag.debug", "true", "io.containerd.runc.v2.group", "x", "io.katacontainers.config.hypervisor.path", "/x", "krun.cpus", "9", "module.wasm.image/variant", "compat"),
			[]string{"annotations bundle, dev.gvisor.flag.debug, io.containerd.runc.v2.group, io.katacontainers.config.hypervisor.path, krun.cpus, module.wasm.image/variant not allowed (allowed: none)"},
		},
		{"allowed", `{allowed: ["io.katacontainers.*", run.oci.handler]}`, own("io.katacontainers.config.hypervisor.default_vcpus", "2", "run.oci.handler", "wasm"), nil},
		{"systemd's, others", "{}", own("org.systemd.property.ExecStop", "x"), []string{"annotations org.systemd.property.ExecStop not allowed (allowed: none)"}},
		{
			"CRI-O's", "{}",
			own("org.systemd.property.DefaultDependencies", "true", "org.systemd.property.After", "['crio.service']", "org.systemd.property.TimeoutStopUSec", "uint64 30000000"), nil,
		},
		{"older CRI-O's", "{}", own("org.systemd.property.CollectMode", "'inactive-or-failed'"), nil},
		{"its sandbox's", "{}", pods("org.systemd.property.CollectMode", "'inactive-or-failed'"), nil},
		{
			"older CRI-O's, with another value", "{}", own("org.systemd.property.CollectMode", "'inactive'"),
			[]string{"annotations org.systemd.property.CollectMode not allowed (allowed: none)"},
		},
		{
			"what Kata Containers give their agent", "{}", pods("io.katacontainers.config.hypervisor.cc_init_data", "H4sI"),
			[]string{"pod's annotations io.katacontainers.config.hypervisor.cc_init_data not allowed (allowed: none)"},
		},
		{"that, allowed", `{allowed: ["io.katacontainers.config.*.cc_init_data"]}`, pods("io.katacontainers.config.runtime.cc_init_data", "H4sI"), nil},
		{
			"CRI-O's, with other values", "{}",
			own("org.systemd.property.DefaultDependencies", "false", "org.systemd.property.After", "['a.service']", "org.systemd.property.TimeoutStopUSec", "uint64 1, x"),
			[]string{"annotations org.systemd.property.After, org.systemd.property.DefaultDependencies, org.systemd.property.TimeoutStopUSec not allowed (allowed: none)"},
		},
		{"the pod's", "{}", pods("run.oci.hooks.stdout", "/x", "a", "b"), []string{"pod's annotations run.oci.hooks.stdout not allowed (allowed: none)"}},
		{
			"the pod's, copied", "{}", func(s *Subject) { pods("run.oci.handler", "x")(s); own("run.oci.handler", "x")(s) },
			[]string{"annotations run.oci.handler not allowed (allowed: none)"},
		},
		{"the pod's, for all of it", "{onViolation: adjust}", pods("dev.gvisor.spec.mount.a.type", "bind", "run.oci.handler", "x"), []string{"pod's annotations dev.gvisor.spec.mount.a.type not allowed (allowed: none)"}},
	}, Partial, Complete)
	d := testAdjusted(t, "annotations: {onViolation: adjust, allowed: [krun.cpus]}",
		func(s *Subject) {
			own("run.oci.handler", "x", "org.criu.config", "/x", "a", "b", "krun.cpus", "1")(s)
			pods("run.oci.handler", "x")(s)
		},
		"annotations: removed annotation org.criu.config", "annotations: removed annotation run.oci.handler")
	if !maps.Equal(d.Spec.Annotations, map[string]string{"a": "b", "krun.cpus": "1"}) {
		t.Errorf("%v", d.Spec.Annotations)
	}
}

func pairs(keysAndValues []string) map[string]string {
	out := make(map[string]string)
	for i := 0; i+1 < len(keysAndValues); i += 2 {
		out[keysAndValues[i]] = keysAndValues[i+1]
	}
	return out
}
