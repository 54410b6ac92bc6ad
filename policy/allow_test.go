package policy

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

// exceptionFor is an exception that allows more, for namespace team-a.
func exceptionFor(name, allow string, fields ...string) string {
	doc := exceptionDoc(append([]string{"rules: ", "allow: " + allow, "expires: never"}, fields...)...)
	return strings.Replace(doc, "name: x}", "name: "+name+"}", 1)
}

func TestAllow(t *testing.T) {
	netAdmin := newSpec(withCaps("CAP_NET_ADMIN", "CAP_SYS_TIME"))
	none := func(s *specs.Spec) { s.Process.Capabilities = &specs.LinuxCapabilities{} }
	host := newSpec(none, withMounts(bind("/data", "/srv/data", "rbind", "rw"), bind("/x", "/media", "rbind", "ro")))
	for _, tt := range []struct {
		name, rule string
		allow      []string
		spec       *specs.Spec
		denied     []string
		excepted   []string
	}{
		{"part of it", "capabilities: {drop: [ALL], allow: [NET_RAW]}", []string{"{capabilities: [NET_ADMIN]}"}, newSpec(none, withCaps("CAP_NET_ADMIN", "CAP_NET_RAW")), nil,
			[]string{"x0: capabilities: NET_ADMIN not allowed (allowed: NET_RAW)"}},
		{"too little", "capabilities: {drop: [ALL]}", []string{"{capabilities: [NET_ADMIN]}"}, newSpec(none, withCaps("CAP_NET_ADMIN", "CAP_SYS_TIME")),
			[]string{"capabilities: SYS_TIME not allowed (allowed: NET_ADMIN)"}, []string{"x0: capabilities: NET_ADMIN not allowed (allowed: none)"}},
		{"nothing found", "capabilities: {drop: [ALL]}", []string{"{capabilities: [NET_ADMIN]}"}, newSpec(none), nil, nil},
		{"two together", "capabilities: {drop: [ALL]}", []string{"{capabilities: [NET_ADMIN]}", "{capabilities: [SYS_TIME]}"},
			newSpec(none, withCaps("CAP_NET_ADMIN", "CAP_SYS_TIME")), nil, []string{"x0: capabilities: NET_ADMIN not allowed (allowed: none)", "x1: capabilities: SYS_TIME not allowed (allowed: none)"}},
		{"the second", "capabilities: {drop: [ALL]}", []string{"{capabilities: [NET_ADMIN]}", "{capabilities: [SYS_TIME]}"},
			newSpec(none, withCaps("CAP_SYS_TIME")), nil, []string{"x1: capabilities: SYS_TIME not allowed (allowed: none)"}},
		{"only dropped", "capabilities: {drop: [NET_ADMIN]}", []string{"{capabilities: [NET_ADMIN]}"}, netAdmin, nil,
			[]string{"x0: capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)"}},
		{"refused", "capabilities: {drop: [SYS_ADMIN], refuse: [ADDED, NET_ADMIN]}", []string{"{capabilities: [NET_ADMIN]}"}, newSpec(withCaps("CAP_NET_ADMIN")), nil,
			[]string{"x0: capabilities: NET_ADMIN refused (allowed: what container runtimes give by default but NET_ADMIN)"}},
		{"host path", "hostPaths: {}", []string{"{hostPaths: [{path: /srv}]}"}, host,
			[]string{"hostPaths: host path /media at /x is not allowed (allowed: /srv)"}, []string{"x0: hostPaths: host path /srv/data at /data is not allowed (allowed: none)"}},
		{"of two rules", "hostPaths: {allowed: [{path: /srv/data, readOnly: true}]}", []string{"{hostPaths: [{path: /srv}, {path: /media, readOnly: true}]}"}, host, nil,
			[]string{"x0: hostPaths: host path /srv/data at /data is writable (allowed: /srv/data read-only)",
				"x0: hostPaths: host path /media at /x is not allowed (allowed: /srv/data read-only)"}},
		{"never stricter", "hostPaths: {allowed: [{path: /srv}, {path: /media}]}", []string{"{hostPaths: [{path: /srv/data, readOnly: true}]}"}, host, nil, nil},
		{"forbidden image", "images: {forbidden: [registry.example.com/**]}", []string{"{images: [registry.example.com/team/web]}"}, newSpec(), nil,
			[]string{"x0: images: image registry.example.com/team/web:1 is forbidden (allowed: all but registry.example.com/**)"}},
		{"forbidden path", "hostPaths: {forbidden: [/srv]}", []string{"{hostPaths: [{path: /srv/data}]}"}, host, nil,
			[]string{"x0: hostPaths: host path /srv/data at /data is not allowed: it is in the forbidden /srv (allowed: all but /srv)"}},
		{"forbidden path, by a folder around it", "hostPaths: {forbidden: [/srv/data]}", []string{"{hostPaths: [{path: /srv}]}"}, host,
			[]string{"hostPaths: host path /srv/data at /data is not allowed: it is the forbidden /srv/data (allowed: all but /srv/data)"}, nil},
		{"forbidden path, writable", "hostPaths: {forbidden: [/srv]}", []string{"{hostPaths: [{path: /srv, readOnly: true}]}"}, host,
			[]string{"hostPaths: host path /srv/data at /data is writable (allowed: /srv read-only)"},
			[]string{"x0: hostPaths: host path /srv/data at /data is not allowed: it is in the forbidden /srv (allowed: all but /srv)"}},
		{"runtime handler", "runtimeHandlers: {allowed: [gvisor]}", []string{`{runtimeHandlers: [""]}`}, newSpec(), nil,
			[]string{"x0: runtimeHandlers: the default runtime handler is not allowed (allowed: gvisor)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			docs := []string{policyDoc("test", tt.rule)}
			for i, a := range tt.allow {
				docs = append(docs, exceptionFor("x"+string(rune('0'+i)), a))
			}
			sub := subject(tt.spec)
			sub.Container.Image = "registry.example.com/team/web:1"
			d := compileDocs(t, docs...).Evaluate(sub, Complete)
			var excepted []string
			for _, x := range d.Excepted {
				excepted = append(excepted, x.Exception+": "+x.Rule+": "+x.String())
			}
			if got := findings(d); !slices.Equal(got, tt.denied) || !slices.Equal(excepted, tt.excepted) {
				t.Errorf("\n got %q\n and %q\nwant %q\n and %q", got, excepted, tt.denied, tt.excepted)
			}
		})
	}
}

// TestAllowAdjusts: an adjusting rule leaves what is allowed.
func TestAllowAdjusts(t *testing.T) {
	set := compileDocs(t, policyDoc("test", "capabilities: {onViolation: adjust, drop: [ALL]}"), exceptionFor("x", "{capabilities: [NET_ADMIN]}"))
	d := set.Evaluate(subject(newSpec(withCaps("CAP_NET_ADMIN"))), Complete)
	if got := d.Spec.Process.Capabilities.Bounding; !slices.Equal(got, []string{"CAP_NET_ADMIN"}) || d.Outcome() != Adjusted || len(d.Excepted) != 1 ||
		d.Excepted[0].Found != "NET_ADMIN not allowed" {
		t.Errorf("%s %v %v", d.Outcome(), got, d.Excepted)
	}
	sub := subject(newSpec(withCaps("CAP_NET_ADMIN")))
	sub.Pod.Namespace = "team-b"
	if d := set.Evaluate(sub, Complete); len(d.Spec.Process.Capabilities.Bounding) != 0 {
		t.Errorf("another namespace: %v", d.Spec.Process.Capabilities.Bounding)
	}
}

// TestAllowEarly: what an exception may allow in the end is not denied early.
func TestAllowEarly(t *testing.T) {
	set := compileDocs(t, policyDoc("test", "hostNamespaces: {}"), exceptionFor("x", "{hostNamespaces: [network]}", `match: {images: ["registry.example.com/**"]}`))
	for image, want := range map[string]Outcome{"": Allowed, "registry.example.com/a": Allowed, "docker.io/library/a": Denied} {
		sub := subject(newSpec(withoutNamespace("network")))
		sub.Container.Image = image
		if d := set.Evaluate(sub, Partial); d.Outcome() != want {
			t.Errorf("%q: %s", image, d.Outcome())
		}
	}
}

// TestAllowWritable: where an exception lets containers write, paths of others may be links.
func TestAllowWritable(t *testing.T) {
	set := compileDocs(t, policyDoc("test", "hostPaths: {}"), exceptionFor("x", "{hostPaths: [{path: /srv}, {path: /etc, readOnly: true}]}"))
	if !slices.Equal(set.writable, []string{"/srv"}) {
		t.Errorf("%v", set.writable)
	}
}

// TestAllowUpdate: an update is judged by the wider rule.
func TestAllowUpdate(t *testing.T) {
	set := compileDocs(t, policyDoc("test", "cgroupsPath: {}", "resources: {memory: {max: 1Mi}}"), exceptionFor("x", "{cgroupsPath: [/a]}"), exceptionFor("y", "{cgroupsPath: [/b]}"))
	if d := set.EvaluateUpdate(subject(newSpec()), &specs.LinuxResources{Unified: map[string]string{"cgroup.procs": "1"}}); d.Outcome() != Denied {
		t.Errorf("%s", d.Outcome())
	}
}

// TestAllowAllRules: every rule with a list of what is allowed can be widened, by each of its
// lists alone, and the rule that is widened is not edited.
func TestAllowAllRules(t *testing.T) {
	entries := allowEntries()
	for _, k := range kinds() {
		rule, ok := k.make().(widens)
		if !ok {
			if entries[k.name] != nil {
				t.Errorf("%s has no lists", k.name)
			}
			continue
		}
		if len(entries[k.name]) != len(rule.allowLists()) {
			t.Errorf("%s: %d entries for %d lists", k.name, len(entries[k.name]), len(rule.allowLists()))
		}
		for _, l := range rule.allowLists() {
			if field := reflect.ValueOf(l.list).Elem(); field.Kind() != reflect.Slice || !strings.HasPrefix(l.field, "allow") {
				t.Errorf("%s: %s is of kind %s", k.name, l.field, field.Kind())
			}
		}
	}
	for name := range entries {
		if !slices.Contains(RuleNames(), name) {
			t.Errorf("no rule %s", name)
		}
	}
}

// allowEntries are entries of each list of what is allowed, by rule and field.
func allowEntries() map[string]map[string][]string {
	one := func(field string, entries ...string) map[string][]string { return map[string][]string{field: entries} }
	ranges := []string{"{min: 1000, max: 1000}", "{min: 1, max: 70000}"}
	return map[string]map[string][]string{
		"annotations":     one("allowed", "run.oci.keep_original_groups", `"run.oci.*"`),
		"appArmorProfile": one("allowed", "Unconfined", `"Localhost/**"`, "RuntimeDefault"),
		"capabilities":    one("allow", "NET_RAW", "SYS_ADMIN", "CHOWN", "KILL"),
		"cgroupsPath":     one("allowed", "/redescape", "/k8s.io"),
		"devices":         one("allowed", "{path: /dev/fuse, major: 10, minor: 229}", `{path: "/dev/*", type: b}`, "{path: /dev/x, access: r}"),
		"env":             one("allow", "LD_PRELOAD", `"LD_*"`),
		"hooks":           one("allowed", "/usr/bin/nvidia-ctk", `"/opt/**"`),
		"hostNamespaces":  one("allow", "network", "pid", "ipc", "uts"),
		"hostPaths": one("allowed", "{path: /srv}", "{path: /srv/data, readOnly: true}", "{path: /etc, readOnly: true}",
			"{path: /var/log, propagation: Bidirectional}", "{path: /}"),
		"hostPorts":       one("allowed", "{min: 80, max: 80}", "{min: 1, max: 65535, protocol: TCP}"),
		"images":          one("allowed", "registry.example.com/**", `"**"`, "nginx"),
		"intelRdt":        one("allowed", "x", `"web-*"`),
		"netDevices":      one("allowed", "eth0", `"ib*"`),
		"runAsNonRoot":    {"allowedUsers": ranges, "allowedGroups": append(ranges, "{min: 0, max: 0}"), "allowedSupplementalGroups": append(ranges, "{min: 0, max: 10}")},
		"runtimeHandlers": one("allowed", "gvisor", `""`),
		"scheduler":       {"allowedPolicies": {"SCHED_FIFO", "SCHED_OTHER"}, "allowedIOClasses": {"IOPRIO_CLASS_RT"}},
		"seccompProfile":  one("allowed", "Unconfined", "RuntimeDefault", "Localhost/web.json"),
		"seLinuxOptions":  {"allowedUsers": {"system_u", `"*"`}, "allowedRoles": {`""`, "system_r"}, "allowedTypes": {"spc_t", `""`}, "allowedLevels": {"s0", `"**"`}},
		"sysctls":         one("allowed", "kernel.core_pattern", "net.*"),
		"volumeTypes":     one("allowed", "hostPath", "emptyDir", "nfs", "unknown"),
	}
}

// drawAllow draws what an exception allows of the rule; "" where it has no list.
func drawAllow(t *rapid.T, rule string) string {
	lists := allowEntries()[rule]
	var fields []string
	for i, field := range slices.Sorted(maps.Keys(lists)) {
		if i > 0 && rapid.Bool().Draw(t, "without "+field) {
			continue
		}
		list := flow(rapid.SliceOfNDistinct(rapid.SampledFrom(lists[field]), 1, -1, rapid.ID).Draw(t, field)...)
		if len(lists) == 1 {
			return rule + ": " + list
		}
		fields = append(fields, field+": "+list)
	}
	if len(fields) == 0 {
		return ""
	}
	return rule + ": {" + strings.Join(fields, ", ") + "}"
}

// A rule that is widened finds nothing where the plain one does not, however often it is.
func TestPropertyWiden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := pick(t, "rule", slices.Sorted(maps.Keys(allowEntries()))...)
		k := kinds()[slices.Index(RuleNames(), name)]
		docs := []string{policyDoc("test", drawRule(t, k, Reject, Adjust))}
		for i := range rapid.IntRange(1, 3).Draw(t, "exceptions") {
			docs = append(docs, exceptionFor("x"+string(rune('0'+i)), "{"+drawAllow(t, name)+"}", "match: {containers: [\"ap*\"]}"))
		}
		set := compileFiles(t, drawFiles(t, docs))
		sub := drawSubject(t).ready()
		sub.settle()
		r := &set.policies[0].rules[0]
		before := asJSON(r.Rule)
		last := len(r.Check(&sub))
		for n := 1; n <= len(r.excuses); n++ {
			found := r.with(r.excuses[:n]).Check(&sub)
			if last == 0 && len(found) > 0 {
				t.Fatalf("with %d exceptions finds %v", n, found)
			}
			last = len(found)
		}
		if asJSON(r.Rule) != before {
			t.Error("the rule has been edited")
		}
	})
}

// TestAllowForbiddenByFiles: an exception for a forbidden path is not one for what shows its files in
// another way.
func TestAllowForbiddenByFiles(t *testing.T) {
	const volume = "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~local-volume/pv"
	policy := policyDoc("test", "hostPaths: {forbidden: [/mnt/disks]}")
	for source, want := range map[string]Outcome{"/mnt/disks/a": Allowed, "/bound": Denied, volume: Denied} {
		sub := subject(newSpec(withMount(bind("/x", source, "rbind", "rw"))))
		sub.Host = fakeHost{links: map[string]string{}, binds: map[string]string{volume: "/mnt/disks/a", "/bound": "/mnt/disks/a"}}
		if d := compileDocs(t, policy, exceptionFor("x", "{hostPaths: [{path: /mnt/disks/a}]}")).Evaluate(sub, Complete); d.Outcome() != want {
			t.Errorf("%s: %s %q", source, d.Outcome(), findings(d))
		}
		if d := compileDocs(t, policy, exceptionDoc("rules: [hostPaths]", "expires: never")).Evaluate(sub, Complete); d.Outcome() != Allowed {
			t.Errorf("%s, excused from all of it: %s %q", source, d.Outcome(), findings(d))
		}
	}
}
