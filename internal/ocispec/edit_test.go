package ocispec

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"

	"github.com/specguard/specguard/internal/ocispec/ocispectest"
)

// TestEditsOfAll: of specs of which one has everything, Edits lists what Diff does, and no
// secrets.
func TestEditsOfAll(t *testing.T) {
	var full specs.Spec
	ocispectest.Fill(reflect.ValueOf(&full).Elem())
	full.Process.Env, full.Process.Args = []string{"A=secret"}, []string{"secret"}
	for _, c := range [][2]*specs.Spec{{&full, {}}, {{}, &full}} {
		e := EditsOf(c[0])
		edits := e.Next(c[1])
		if len(edits) < 50 {
			t.Errorf("%d edits", len(edits))
		}
		if again := e.Next(c[1]); len(again) > 0 {
			t.Errorf("the second time: %v", again)
		}
		for _, e := range edits {
			if e.Was == e.Now && e.Was != NotShown {
				t.Errorf("%+v", e)
			}
			if e.Was == "secret" || e.Now == "secret" || e.Field == "process.env.A" && e.Was+e.Now != NotShown {
				t.Errorf("shown: %+v", e)
			}
		}
	}
	if edits := EditsOf(&full).Next(Clone(&full)); len(edits) > 0 {
		t.Errorf("of the same: %v", edits)
	}
}

// TestEditsOfLists: elements that go, come and change are found wherever they stand.
func TestEditsOfLists(t *testing.T) {
	draw := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) specs.Mount {
		return specs.Mount{
			Destination: rapid.StringMatching("/[a-c]").Draw(t, "destination"),
			Options:     rapid.SliceOfN(rapid.SampledFrom([]string{"ro", "rw"}), 0, 2).Draw(t, "options"),
		}
	}), 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		before, after := specs.Spec{Mounts: draw.Draw(t, "before")}, specs.Spec{Mounts: draw.Draw(t, "after")}
		was, now := different(reflect.ValueOf(before.Mounts), reflect.ValueOf(after.Mounts))
		count := make(map[string]int)
		for _, m := range before.Mounts {
			count[text(m)]++
		}
		for _, m := range after.Mounts {
			count[text(m)]--
		}
		for _, v := range was {
			count[text(v.Interface())]--
		}
		for _, v := range now {
			count[text(v.Interface())]++
		}
		for key, n := range count {
			if n != 0 {
				t.Errorf("%s: %d too many of %v and %v", key, n, was, now)
			}
		}
	})
}

// TestManyEdits: huge lists cost little.
func TestManyEdits(t *testing.T) {
	var before, after specs.Spec
	for i := range 20_000 {
		before.Mounts = append(before.Mounts, specs.Mount{Destination: "/same", Source: fmt.Sprint(i % 2)})
	}
	start := time.Now()
	e := EditsOf(&before)
	if edits := e.Next(&after); len(edits) != 1 || edits[0].Field != "mounts" || edits[0].Now != "" ||
		edits[0].Was != strings.Repeat("/same, ", maxNamed)+"and 19950 more" {
		t.Errorf("%v", edits)
	}
	if _, err := Diff(&before, &after); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%s", took)
	}
}
