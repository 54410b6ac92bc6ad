package seccomp

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/specguard/specguard/policy/seccomp/seccomptest"
)

func text(v any) string {
	out, _ := json.Marshal(v)
	return string(out)
}

// Tightening denies what it says, never lets more through, changes nothing the
// second time, and leaves the profile as it is.
func TestPropertyTighten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, b := drawProfile(t), drawBlock(t)
		before := text(p)
		tight := b.Tighten(p)
		if text(p) != before {
			t.Fatal("the profile was edited")
		}
		if open := b.Open(tight); len(open) > 0 {
			t.Fatalf("%v are open in %s", open, text(tight))
		}
		if again := b.Tighten(tight); !reflect.DeepEqual(again, tight) {
			t.Fatalf("the second time: %s, then %s", text(tight), text(again))
		}
		for _, c := range drawCalls(t, b) {
			if seccomptest.Weaker(tight, p, c) {
				t.Fatalf("%+v: %v became %v\nin %s\nthat became %s", c, seccomptest.Simulate(p, c), seccomptest.Simulate(tight, c), text(p), text(tight))
			}
			if b.blocks(c) && seccomptest.Most(tight, c) > 0 {
				t.Fatalf("%+v: %v in %s", c, seccomptest.Simulate(tight, c), text(tight))
			}
		}
	})
}

// What is not said to be open is denied.
func TestPropertyOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, b := drawProfile(t), drawBlock(t)
		if len(b.Open(p)) > 0 {
			return
		}
		for _, c := range drawCalls(t, b) {
			if b.blocks(c) && seccomptest.Most(p, c) > 0 {
				t.Fatalf("%+v: %v in %s", c, seccomptest.Simulate(p, c), text(p))
			}
		}
	})
}

// A profile that is within another lets nothing through that the other does not.
func TestPropertyWithin(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		other := drawProfile(t)
		if one(t, "related", true, true, false) && !IsNone(p) {
			tight := *p
			tight.Syscalls = append(drawEntries(t), p.Syscalls...)
			p, other = other, p
			p = &tight
		}
		if !Within(p, other) {
			return
		}
		found++
		for _, c := range drawCalls(t, Block{}) {
			if seccomptest.Weaker(p, other, c) {
				t.Fatalf("%+v: %v, but %v\nin %s\nand %s", c, seccomptest.Simulate(p, c), seccomptest.Simulate(other, c), text(p), text(other))
			}
		}
	})
	if found == 0 {
		t.Error("no profile was within another")
	}
}
