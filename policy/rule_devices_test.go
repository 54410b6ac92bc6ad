package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func withNodes(nodes ...specs.LinuxDevice) option {
	return func(s *specs.Spec) { s.Linux.Devices = append(s.Linux.Devices, nodes...) }
}

func char(path string, major, minor int64) specs.LinuxDevice {
	return specs.LinuxDevice{Path: path, Type: "c", Major: major, Minor: minor}
}

// grant is a rule that allows; a negative number is left out.
func grant(typ string, major, minor int64, access string) specs.LinuxDeviceCgroup {
	r := specs.LinuxDeviceCgroup{Allow: true, Type: typ, Access: access}
	if major >= 0 {
		r.Major = &major
	}
	if minor >= 0 {
		r.Minor = &minor
	}
	return r
}

func forbid(r specs.LinuxDeviceCgroup) specs.LinuxDeviceCgroup {
	r.Allow = false
	return r
}

// denyAll is the rule with which every runtime begins.
func denyAll() specs.LinuxDeviceCgroup { return specs.LinuxDeviceCgroup{Access: "rwm"} }

const (
	allowFuse   = "allowed: [{path: /dev/fuse, type: c, major: 10, minor: 229}]"
	allowNvidia = `allowed: [{path: "/dev/nvidia*", access: rw}]`
)

func TestDevicesNodes(t *testing.T) {
	typed := func(path, typ string) specs.LinuxDevice {
		return specs.LinuxDevice{Path: path, Type: typ, Major: 10, Minor: 229}
	}
	for name, tt := range map[string]struct {
		rule string
		node specs.LinuxDevice
		want string // what is named; "" where it is allowed
	}{
		"null":                        {"", char("/dev/null", 1, 3), ""},
		"zero":                        {"", char("/dev/zero", 1, 5), ""},
		"full":                        {"", char("/dev/full", 1, 7), ""},
		"random":                      {"", char("/dev/random", 1, 8), ""},
		"urandom":                     {"", char("/dev/urandom", 1, 9), ""},
		"tty":                         {"", char("/dev/tty", 5, 0), ""},
		"ptmx":                        {"", char("/dev/ptmx", 5, 2), ""},
		"console":                     {"", char("/dev/console", 5, 1), "/dev/console (c 5:1)"},
		"kmsg":                        {"", char("/dev/kmsg", 1, 11), "/dev/kmsg (c 1:11)"},
		"mem as null":                 {"", char("/dev/null", 1, 1), "/dev/null (c 1:1)"},
		"a disk as null":              {"", specs.LinuxDevice{Path: "/dev/null", Type: "b", Major: 1, Minor: 3}, "/dev/null (b 1:3)"},
		"a FIFO as null":              {"", specs.LinuxDevice{Path: "/dev/null", Type: "p", Major: 1, Minor: 3}, "/dev/null (p)"},
		"null by way of a folder":     {"", char("/dev/x/../null", 1, 3), "/dev/x/../null (c 1:3)"},
		"null written longer":         {"", char("/dev//null", 1, 3), ""},
		"null elsewhere":              {"", char("/etc/null", 1, 3), "/etc/null (c 1:3)"},
		"null at a relative path":     {"", char("dev/null", 1, 3), "dev/null (c 1:3)"},
		"a file, said to be null":     {"", char("/etc/shadow", 1, 3), "/etc/shadow (c 1:3)"},
		"without a type":              {"", specs.LinuxDevice{Path: "/dev/null", Major: 1, Minor: 3}, "/dev/null ( 1:3)"},
		"allowed":                     {allowFuse, char("/dev/fuse", 10, 229), ""},
		"unbuffered is a character":   {allowFuse, typed("/dev/fuse", "u"), ""},
		"other type":                  {allowFuse, typed("/dev/fuse", "b"), "/dev/fuse (b 10:229)"},
		"no type":                     {allowFuse, typed("/dev/fuse", ""), "/dev/fuse ( 10:229)"},
		"other minor":                 {allowFuse, char("/dev/fuse", 10, 1), "/dev/fuse (c 10:1)"},
		"other major":                 {allowFuse, char("/dev/fuse", 1, 229), "/dev/fuse (c 1:229)"},
		"other path":                  {allowFuse, char("/dev/x", 10, 229), "/dev/x (c 10:229)"},
		"pattern":                     {allowNvidia, char("/dev/nvidia0", 195, 0), ""},
		"pattern, folder":             {allowNvidia, char("/dev/nvidia-caps/x", 195, 0), "/dev/nvidia-caps/x (c 195:0)"},
		"pattern, disk":               {allowNvidia, specs.LinuxDevice{Path: "/dev/nvidia0", Type: "b", Major: 8}, "/dev/nvidia0 (b 8:0)"},
		"pattern, climbing":           {allowNvidia, char("/dev/x/../nvidia0", 195, 0), "/dev/x/../nvidia0 (c 195:0)"},
		"negative number":             {allowNvidia, char("/dev/nvidia0", -1, 0), "/dev/nvidia0 (c -1:0)"},
		"any minor of a major":        {"allowed: [{path: /dev/x, major: 195}]", char("/dev/x", 195, 7), ""},
		"other major, any minor":      {"allowed: [{path: /dev/x, major: 195}]", char("/dev/x", 8, 7), "/dev/x (c 8:7)"},
		"a number beyond 32 bits":     {"allowed: [{path: /dev/x, major: 195}]", char("/dev/x", 195+1<<32, 7), "/dev/x (c 4294967491:7)"},
		"FIFO":                        {"allowed: [{path: /x, type: p}]", specs.LinuxDevice{Path: "/x", Type: "p"}, ""},
		"FIFO with senseless numbers": {"allowed: [{path: /x, type: p}]", specs.LinuxDevice{Path: "/x", Type: "p", Major: -1}, ""},
		"FIFO that is none":           {"allowed: [{path: /x, type: p}]", char("/x", 0, 0), "/x (c 0:0)"},
		"disk":                        {"allowed: [{path: /dev/sdb, type: b, major: 8, minor: 16}]", specs.LinuxDevice{Path: "/dev/sdb", Type: "b", Major: 8, Minor: 16}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			spec := newSpec(withNodes(tt.node))
			found := findings(decide(t, spec, "devices: {"+tt.rule+"}"))
			d := decide(t, spec, "devices: {onViolation: adjust, "+tt.rule+"}")
			if d.Outcome() == Denied || len(d.Spec.Linux.Devices) > 0 != (tt.want == "") {
				t.Errorf("adjusted: %s %v", d.Message(), d.Spec.Linux.Devices)
			}
			var want, wantChanges []string
			if tt.want != "" {
				allowed := (&Devices{}).list()
				if tt.rule != "" {
					allowed = compileDocs(t, policyDoc("test", "devices: {"+tt.rule+"}")).policies[0].rules[0].Rule.(*Devices).list()
				}
				want = []string{"devices: devices " + tt.want + " not allowed (allowed: " + allowed + ")"}
				wantChanges = []string{"devices: removed devices " + tt.want}
			}
			if !slices.Equal(found, want) || !slices.Equal(changes(d), wantChanges) {
				t.Errorf("%q %q, want %q %q", found, changes(d), want, wantChanges)
			}
		})
	}
}

func TestDevicesRules(t *testing.T) {
	nvidia := withNodes(char("/dev/nvidia0", 195, 0))
	all := func(rules ...specs.LinuxDeviceCgroup) []specs.LinuxDeviceCgroup {
		return append([]specs.LinuxDeviceCgroup{denyAll()}, rules...)
	}
	for name, tt := range map[string]struct {
		rule  string
		edit  option
		rules []specs.LinuxDeviceCgroup
		want  string                    // the use that is named; "" for none
		left  []specs.LinuxDeviceCgroup // after adjusting, where that changes something
	}{
		"all denied":            {"", nil, all(), "", nil},
		"containerd's defaults": {"", nil, containerdDefaults(), "", nil},
		"runc's nodes of any":   {"", nil, all(grant("c", -1, -1, "m"), grant("b", -1, -1, "m")), "", nil},
		"making one node":       {"", nil, all(grant("b", 8, 0, "m")), "", nil},
		"one disk":              {"", nil, all(grant("b", 8, 0, "rwm")), "b 8:0 rwm", all()},
		"disk reads":            {"", nil, all(grant("b", 8, 0, "r")), "b 8:0 r", all()},
		"every character":       {"", nil, all(grant("c", -1, -1, "rw")), "c *:* rw", all()},
		"negative is every":     {"", nil, all(specs.LinuxDeviceCgroup{Allow: true, Type: "c", Major: new(int64(-7)), Access: "r"}), "c *:* r", all()},
		"every of a minor":      {"", nil, all(grant("c", -1, 3, "r")), "c *:3 r", all()},
		"every of major 1":      {"", nil, all(grant("c", 1, -1, "r")), "c 1:* r", all()},
		"null, and a disk":      {"", nil, all(grant("c", 1, 3, "rwm"), grant("b", 8, 0, "rw")), "b 8:0 rw", all(grant("c", 1, 3, "rwm"))},
		"null as a disk":        {"", nil, all(grant("b", 1, 3, "rwm")), "b 1:3 rwm", all()},
		"unbuffered":            {"", nil, all(grant("u", 1, 3, "rwm")), "u 1:3 rwm", all()},
		"letters of a type":     {"", nil, all(grant("cb", 1, 3, "rwm")), "cb 1:3 rwm", all()},
		"other letters":         {"", nil, all(grant("c", 1, 3, "rx")), "c 1:3 rx", all(grant("c", 1, 3, "r"))},
		"no access":             {"", nil, all(grant("c", 1, 3, "")), "", nil},
		"no access to a disk":   {"", nil, all(grant("b", 8, 0, "")), "b 8:0 ", all()},
		"before all are denied": {"", nil, append([]specs.LinuxDeviceCgroup{grant("b", 8, 0, "rwm")}, denyAll()), "", nil},
		"all, before":           {"", nil, append([]specs.LinuxDeviceCgroup{grant("", -1, -1, "rwm")}, denyAll()), "", nil},
		"before and after":      {"", nil, []specs.LinuxDeviceCgroup{grant("b", 8, 0, "r"), denyAll(), grant("b", 8, 1, "r")}, "b 8:1 r", []specs.LinuxDeviceCgroup{grant("b", 8, 0, "r"), denyAll()}},
		"forbidden in part":     {"", nil, all(grant("b", 8, 0, "rw"), forbid(grant("b", 8, -1, "rwm"))), "b 8:0 rw", all(forbid(grant("b", 8, -1, "rwm")))},
		"allowed":               {allowFuse, nil, all(grant("c", 10, 229, "rwm")), "", nil},
		"allowed, others not":   {allowFuse, nil, all(grant("c", 10, -1, "rwm")), "c 10:* rwm", all()},
		"allowed in part":       {"allowed: [{path: /dev/fuse, major: 10, minor: 229, access: r}]", nil, all(grant("c", 10, 229, "mrw")), "c 10:229 mrw", all(grant("c", 10, 229, "mr"))},
		"letter by letter": {
			"allowed: [{path: /dev/a, major: 10, access: r}, {path: /dev/b, major: 10, minor: 229, access: w}]", nil,
			all(grant("c", 10, 229, "rw"), grant("c", 10, 1, "rw")), "c 10:1 rw", all(grant("c", 10, 229, "rw"), grant("c", 10, 1, "r")),
		},
		"every minor":                {"allowed: [{path: /dev/x, major: 195}]", nil, all(grant("c", 195, -1, "rwm"), grant("c", 195, 3, "rwm")), "", nil},
		"every minor, other major":   {"allowed: [{path: /dev/x, major: 195}]", nil, all(grant("c", -1, 3, "r")), "c *:3 r", all()},
		"of a node":                  {allowNvidia, nvidia, all(grant("c", 195, 0, "rwm")), "", nil},
		"of a node, without it":      {allowNvidia, nil, all(grant("c", 195, 0, "rw")), "c 195:0 rw", all()},
		"of a node, wider":           {allowNvidia, nvidia, all(grant("c", 195, -1, "rw")), "c 195:* rw", all()},
		"of a node, everything":      {allowNvidia, nvidia, all(grant("c", -1, -1, "rw")), "c *:* rw", all()},
		"of a node, as a disk":       {allowNvidia, nvidia, all(grant("b", 195, 0, "rw")), "b 195:0 rw", all()},
		"of a FIFO":                  {"allowed: [{path: /x, type: p}]", withNodes(specs.LinuxDevice{Path: "/x", Type: "p"}), all(grant("c", 0, 0, "r")), "c 0:0 r", all()},
		"of a node, FIFO's letter":   {"allowed: [{path: /x, type: p}]", withNodes(specs.LinuxDevice{Path: "/x", Type: "p"}), all(grant("p", 0, 0, "r")), "p 0:0 r", all()},
		"of a node that is removed":  {allowNvidia, nvidia, all(grant("c", 195, 0, "rw"), grant("c", 195, 1, "rw")), "c 195:1 rw", all(grant("c", 195, 0, "rw"))},
		"a disk, where disks may be": {"allowed: [{path: /dev/sdb, type: b, major: 8, minor: 16, access: r}]", nil, all(grant("b", 8, 16, "r"), grant("b", 8, 0, "r")), "b 8:0 r", all(grant("b", 8, 16, "r"))},
	} {
		t.Run(name, func(t *testing.T) {
			spec := newSpec(withDeviceRules(tt.rules...))
			if tt.edit != nil {
				tt.edit(spec)
			}
			var want []string
			if tt.want != "" {
				list := compileDocs(t, policyDoc("test", "devices: {"+tt.rule+"}")).policies[0].rules[0].Rule.(*Devices).list()
				want = []string{"devices: use of devices " + tt.want + " not allowed (allowed: " + list + ")"}
			}
			if got := findings(decide(t, spec, "devices: {"+tt.rule+"}")); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			if tt.left == nil {
				tt.left = tt.rules
			}
			d := decide(t, spec, "devices: {onViolation: adjust, "+tt.rule+"}")
			if got := d.Spec.Linux.Resources.Devices; d.Outcome() == Denied || asJSON(got) != asJSON(tt.left) {
				t.Errorf("adjusted: %s\n got %s\nwant %s", d.Message(), asJSON(got), asJSON(tt.left))
			}
		})
	}
}

// TestDevicesOpen has specs in which no rule keeps a device from being used.
func TestDevicesOpen(t *testing.T) {
	for name, rules := range map[string][]specs.LinuxDeviceCgroup{
		"no rules":                    nil,
		"privileged":                  {grant("", -1, -1, "rwm")},
		"all after none":              {denyAll(), grant("a", -1, -1, "rwm")},
		"all, but for one":            {grant("a", -1, -1, "rwm"), forbid(grant("b", 8, 0, "rwm"))},
		"one device of all types":     {denyAll(), grant("a", 10, 229, "r")},
		"nodes of all types":          {denyAll(), grant("", -1, -1, "m")},
		"only writing is denied":      {forbid(grant("", -1, -1, "wm"))},
		"only reading is denied":      {forbid(grant("a", -1, -1, "rm"))},
		"a number of all types":       {forbid(grant("a", 8, -1, "rwm"))},
		"a minor of all types":        {forbid(grant("a", -1, 8, "rwm"))},
		"each type, but not together": {forbid(grant("c", -1, -1, "rwm")), forbid(grant("b", -1, -1, "rwm"))},
		"one more":                    {grant("c", 1, 3, "rwm")},
	} {
		t.Run(name, func(t *testing.T) {
			spec := newSpec(withDeviceRules(rules...), withNodes(char("/dev/fuse", 10, 229), char("/dev/kmsg", 1, 11)))
			want := []string{
				"devices: devices /dev/kmsg (c 1:11) not allowed (allowed: those of every container, /dev/fuse (c 10:229 rwm))",
				"devices: every device may be used (allowed: those of every container, /dev/fuse (c 10:229 rwm))",
			}
			if got := findings(decide(t, spec, "devices: {"+allowFuse+"}")); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			d := decide(t, spec, "devices: {onViolation: adjust, "+allowFuse+"}")
			if got := asJSON(d.Spec.Linux.Resources.Devices); d.Outcome() != Adjusted || got != asJSON([]specs.LinuxDeviceCgroup{denyAll()}) {
				t.Errorf("adjusted: %s %s", d.Message(), got)
			}
			if left := d.Spec.Linux.Devices; len(left) != 1 || left[0].Path != "/dev/fuse" {
				t.Errorf("nodes %v", left)
			}
		})
	}
	for name, spec := range map[string]*specs.Spec{
		"empty":        {},
		"no resources": newSpec(func(s *specs.Spec) { s.Linux.Resources = nil }),
	} {
		want := []string{"devices: every device may be used (allowed: those of every container)"}
		if got := findings(decide(t, spec, "devices: {}")); !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
		if d := decide(t, spec, "devices: {onViolation: adjust}"); d.Outcome() != Adjusted {
			t.Errorf("%s: %s %s", name, d.Outcome(), d.Message())
		}
	}
}

// TestDevicesContainerd judges what containerd makes.
func TestDevicesContainerd(t *testing.T) {
	if got := findings(decide(t, decode(t, containerdSpec(t, "unprivileged")), "devices: {}")); len(got) > 0 {
		t.Errorf("unprivileged: %q", got)
	}
	spec := decode(t, containerdSpec(t, "privileged"))
	if got := findings(decide(t, spec, "devices: {}")); len(got) != 2 {
		t.Errorf("privileged: %q", got)
	}
	d := decide(t, spec, `devices: {onViolation: adjust}`)
	if d.Outcome() != Adjusted {
		t.Fatalf("privileged: %s", d.Message())
	}
	for _, n := range d.Spec.Linux.Devices {
		if !isDefaultNode(&n) {
			t.Errorf("%s is left", n.Path)
		}
	}
}

func TestDevicesErrors(t *testing.T) {
	const at = "0.yaml:6:25: spec.rules.devices.allowed[0]"
	for entry, want := range map[string]string{
		"{}":                                "0.yaml:6:25: spec.rules.devices.allowed[0].path: is missing",
		"{major: 10}":                       at + ".path: is missing",
		"{path: fuse}":                      `0.yaml:6:32: spec.rules.devices.allowed[0].path: "fuse" is not an absolute path (allowed: a path such as /dev/fuse, /dev/nvidia*)`,
		`{path: "**"}`:                      `0.yaml:6:32: spec.rules.devices.allowed[0].path: "**" is not an absolute path (allowed: a path such as /dev/fuse, /dev/nvidia*)`,
		"{path: /dev/../x}":                 `0.yaml:6:32: spec.rules.devices.allowed[0].path: "/dev/../x" is not an absolute path (allowed: a path such as /dev/fuse, /dev/nvidia*)`,
		"{path: /dev/}":                     `0.yaml:6:32: spec.rules.devices.allowed[0].path: "/dev/" is not an absolute path (allowed: a path such as /dev/fuse, /dev/nvidia*)`,
		"{path: /x, minor: 1}":              "0.yaml:6:43: spec.rules.devices.allowed[0].minor: needs major",
		"{path: /x, major: -1}":             `0.yaml:6:43: spec.rules.devices.allowed[0].major: must be a whole number from 0 to 4294967295, not "-1"`,
		"{path: /x, type: a}":               `0.yaml:6:42: spec.rules.devices.allowed[0].type: "a" is not one of c, u, b, p`,
		"{path: /x, type: p, major: 1}":     "0.yaml:6:42: spec.rules.devices.allowed[0].type: p has no numbers, no driver and no access",
		"{path: /x, type: p, access: r}":    "0.yaml:6:42: spec.rules.devices.allowed[0].type: p has no numbers, no driver and no access",
		`{path: /x, access: ""}`:            `0.yaml:6:44: spec.rules.devices.allowed[0].access: "" is not a device access (allowed: some of the letters rwm)`,
		"{path: /x, access: rx}":            `0.yaml:6:44: spec.rules.devices.allowed[0].access: "rx" is not a device access (allowed: some of the letters rwm)`,
		"{path: /x, access: rr}":            `0.yaml:6:44: spec.rules.devices.allowed[0].access: "rr" is not a device access (allowed: some of the letters rwm)`,
		"{path: /x, access: wr, major: 1}":  "",
		`{path: "/dev/**", type: u}`:        "",
		`{path: "/dev/{a,b}", type: b}`:     "",
		"{path: /x, major: 0, minor: 0}":    "",
		"{path: /x, major: 1, minor: null}": "0.yaml:6:53: spec.rules.devices.allowed[0].minor: must not be empty",
	} {
		if got := loadError("devices: {allowed: [" + entry + "]}"); got != want {
			t.Errorf("%s: %s, want %s", entry, got, want)
		}
	}
}

// containerdDefaults are the rules of containerd's WithDefaultUnixDevices, and
// what comes before them.
func containerdDefaults() []specs.LinuxDeviceCgroup {
	rules := []specs.LinuxDeviceCgroup{denyAll()}
	for _, n := range [][2]int64{{1, 3}, {1, 8}, {1, 7}, {5, 0}, {1, 5}, {1, 9}, {5, 1}, {136, -1}, {5, 2}} {
		rules = append(rules, grant("c", n[0], n[1], "rwm"))
	}
	return rules
}
