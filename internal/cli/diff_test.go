package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/ocispec"
)

func TestPrintDiff(t *testing.T) {
	long := `{"b":[1,2,{"c":3}],"a":"x","d":{"e":1},"n":12345678901,"s":"` + strings.Repeat("y", 200) + `"}`
	for name, c := range map[string]struct {
		changes []ocispec.Change
		want    string
	}{
		"nothing": {nil, ""},
		"a value": {[]ocispec.Change{{Path: "user.uid", Removed: "0", Added: "65532"}}, "  - user.uid: 0\n  + user.uid: 65532\n"},
		"a list": {[]ocispec.Change{
			{Path: "caps.CAP_A", Removed: `"CAP_A"`}, {Path: "caps.CAP_B", Added: `"CAP_B"`}, {Path: "caps.CAP_C", Removed: `"CAP_C"`}, {Path: "other.CAP_A", Removed: `"CAP_A"`},
		}, "  - caps: CAP_A, CAP_C\n  + caps: CAP_B\n  - other: CAP_A\n"},
		"objects":   {[]ocispec.Change{{Path: `devices.{"a":1}`, Removed: `{"a":1}`}, {Path: "mounts./tmp", Added: `{"type":"tmpfs"}`}}, "  - devices: {\"a\":1}\n  + mounts./tmp: {\"type\":\"tmpfs\"}\n"},
		"too long":  {[]ocispec.Change{{Path: "seccomp", Added: long}}, `  + seccomp: {"a": "x", "b": [3 entries], "d": {1 members}, "n": 12345678901, "s": "` + strings.Repeat("y", 100) + "...\"}\n"},
		"long list": {[]ocispec.Change{{Path: "x", Added: "[" + strings.Repeat("1,", 100) + "1]"}}, "  + x: [101 entries]\n"},
		"secrets":   {[]ocispec.Change{{Path: "process.env.A", Removed: "(not shown)", Added: "(not shown)"}}, "  - process.env.A: (not shown)\n  + process.env.A: (not shown)\n"},
		"controls":  {[]ocispec.Change{{Path: "mounts./a\n\x1b[2J\u009b", Removed: `"x"`}}, "  - mounts./a  [2J : \"x\"\n"},
	} {
		var out bytes.Buffer
		p := &printer{w: &out}
		if printDiff(p, c.changes); out.String() != c.want || p.err != nil {
			t.Errorf("%s:\n%s\nwant\n%s", name, out.String(), c.want)
		}
	}
}
