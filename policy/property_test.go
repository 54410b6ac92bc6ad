package policy

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"

	"github.com/specguard/specguard/internal/ocispec"
)

// The invariants of package policy, for any policies and any spec. Run more
// cases with -rapid.checks=10000.

func drawDocs(t *rapid.T) []string {
	docs := make([]string, rapid.IntRange(1, 4).Draw(t, "policies"))
	gentle := rapid.Bool().Draw(t, "gentle")
	for i := range docs {
		docs[i] = drawPolicy(t, i, gentle)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "exceptions") {
		docs = append(docs, drawException(t, i, docs[0]))
	}
	return docs
}

// drawException draws an exception from some of a policy's rules, or from parts of them.
func drawException(t *rapid.T, i int, policy string) string {
	p := compileFiles(t, []Source{{Name: "p", Data: []byte(policy)}}).policies[0]
	names := make([]string, len(p.rules))
	for k, r := range p.rules {
		names[k] = r.name
	}
	var whole, parts []string
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, -1, rapid.ID).Draw(t, "rules") {
		allow := ""
		if rapid.Bool().Draw(t, "a part of "+name) {
			allow = drawAllow(t, name)
		}
		if allow == "" {
			whole = append(whole, name)
		} else {
			parts = append(parts, allow)
		}
	}
	rules := "rules: "
	if whole != nil {
		rules += flow(whole...)
	}
	allow := "allow: "
	if parts != nil {
		allow += "{" + strings.Join(parts, ", ") + "}"
	}
	return strings.Replace(exceptionDoc(
		"policies: "+flow(p.name), rules, allow,
		"match: "+pick(t, "for", "{namespaces: [team-a]}", `{containers: ["ap*"]}`, "{namespaces: [team-b]}", `{images: ["registry.example.com/**"]}`,
			`{namespaces: [team-a], excludeImages: ["docker.io/**"]}`, `{excludePodSelector: {matchLabels: {tier: db}}}`),
		"expires: "+pick(t, "expires", "2020-01-01", "9999-01-01", never),
	), "name: x", fmt.Sprintf("name: x%d", i), 1)
}

func compileFiles(t *rapid.T, files []Source) *Set {
	set, err := Compile(files...)
	if err != nil {
		for _, f := range files {
			t.Logf("%s:\n%s", f.Name, f.Data)
		}
		t.Fatal(err)
	}
	return set
}

func asJSON(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// Invariants 1, 2 and 3, and that the spec that is judged is never edited.
func TestPropertyAdjust(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := compileFiles(t, drawFiles(t, drawDocs(t)))
		sub := drawSubject(t)
		before := asJSON(sub.Spec)
		d := set.Evaluate(sub, Complete)
		if asJSON(sub.Spec) != before {
			t.Fatal("the spec that was judged has been edited")
		}
		if g := grants(sub.Spec, d.Spec); len(g) > 0 {
			t.Errorf("granted: %s\nby %v", strings.Join(g, "\n"), changes(d))
		}
		if d.Outcome() == Denied {
			return
		}
		came := sub.ready()
		sub.Spec = d.Spec
		sub = sub.ready()
		holds := func(x excuse) bool { return x.by.excuses(&sub) == yes }
		excused := func(r compiledRule) bool {
			return slices.ContainsFunc(r.excuses, func(x excuse) bool { return x.wide == nil && holds(x) })
		}
		for _, p := range set.matching(&sub) {
			for _, r := range p.rules {
				if p.mode != ModeEnforce || r.Action() == Audit || excused(r) {
					continue
				}
				if wider := slices.DeleteFunc(slices.Clone(r.excuses), func(x excuse) bool { return !holds(x) }); len(wider) > 0 {
					r = *r.with(wider)
				}
				if r.result != nil && len(r.result.Check(&sub)) > 0 {
					t.Errorf("%s, but breaks %s of %s: %v", d.Outcome(), r.name, p.name, r.result.Check(&sub))
				}
				if r.request != nil && len(r.request.Check(&came)) > 0 {
					t.Errorf("%s, but what came breaks %s of %s: %v", d.Outcome(), r.name, p.name, r.request.Check(&came))
				}
			}
		}
		sub.RequestJudged = true
		again := set.Evaluate(sub, Complete)
		if again.Outcome() != Allowed || asJSON(again.Spec) != asJSON(d.Spec) {
			t.Errorf("the second time: %s, %v %v", again.Outcome(), findings(again), changes(again))
		}
	})
}

// Invariant 4.
func TestPropertyOrderOfFiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		docs := drawDocs(t)
		one, other := compileFiles(t, drawFiles(t, docs)), compileFiles(t, drawFiles(t, docs))
		sub := drawSubject(t)
		for _, visible := range []Visibility{Complete, Partial} {
			if a, b := one.Evaluate(sub, visible), other.Evaluate(sub, visible); !reflect.DeepEqual(a, b) {
				t.Fatalf("decisions differ:\n%s\n%s", asJSON(a), asJSON(b))
			}
		}
	})
}

// What a partial spec denies for a container is denied in the end.
func TestPropertyEarly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := compileFiles(t, drawFiles(t, drawDocs(t)))
		sub := drawSubject(t)
		sub.ShowsMore = rapid.Bool().Draw(t, "shows more")
		if early := set.Evaluate(sub, Partial); early.Outcome() == Denied && set.Evaluate(sub, Complete).Outcome() != Denied {
			t.Errorf("denied early: %v", findings(early))
		}
	})
}

// Where nothing can be taken back later, only policies adjust early that match in the end, and
// only rules from which the container is not excused.
func TestPropertyAdjustsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := compileFiles(t, drawFiles(t, drawDocs(t)))
		sub := drawSubject(t).ready()
		early := sub
		early.AdjustsOnce, early.ShowsMore = true, true
		if rapid.Bool().Draw(t, "image unknown") {
			early.Container.Image, early.Container.OtherImages, early.Container.ImageUnseen = "", nil, false
		}
		matching := set.matching(&sub)
		for _, a := range set.Evaluate(early, Partial).Adjustments {
			i := slices.IndexFunc(matching, func(p *compiled) bool { return p.name == a.Policy })
			if i < 0 {
				t.Fatalf("policy %s does not match, but adjusts: %s: %s", a.Policy, a.Rule, a.Change)
			}
			for _, r := range matching[i].rules {
				if r.name == a.Rule && slices.ContainsFunc(r.excuses, func(x excuse) bool { return x.wide == nil && x.by.excuses(&sub) == yes }) {
					t.Errorf("policy %s: an exception excuses from %s, which adjusts: %s", a.Policy, a.Rule, a.Change)
				}
			}
		}
	})
}

// Invariant 5, through the patch of the document.
func TestPropertyUnknownFields(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := compileFiles(t, drawFiles(t, drawDocs(t)))
		sub := drawSubject(t)
		raw, marks := sprinkle(t, sub.Spec)
		spec, err := ocispec.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		sub.Spec = spec
		d := set.Evaluate(sub, Complete)
		out, err := ocispec.Patch(raw, spec, d.Spec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ocispec.Decode(out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if asJSON(got) != asJSON(d.Spec) {
			t.Fatalf("patched into\n%s\nwant\n%s", asJSON(got), asJSON(d.Spec))
		}
		for mark, stays := range marks {
			if stays(d.Spec) && !strings.Contains(string(out), mark) {
				t.Errorf("%s is lost from\n%s\nin\n%s", mark, raw, out)
			}
		}
	})
}

// sprinkle writes the spec with members that nobody knows, in places where
// they must stay as long as the object does that they stand in.
func sprinkle(t *rapid.T, spec *specs.Spec) (raw []byte, marks map[string]func(*specs.Spec) bool) {
	var doc map[string]any
	dec := json.NewDecoder(strings.NewReader(asJSON(spec)))
	dec.UseNumber() // no float64 holds RLIM_INFINITY
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	marks = make(map[string]func(*specs.Spec) bool)
	put := func(at any, where string, stays func(*specs.Spec) bool) {
		if o, _ := at.(map[string]any); o != nil && rapid.Bool().Draw(t, "mark in "+where) {
			o["unknown"] = map[string]any{"of": where + "!", "n": json.Number("1e400")}
			marks[asJSON(o["unknown"])] = stays
		}
	}
	always := func(*specs.Spec) bool { return true }
	put(doc, "spec", always)
	for _, where := range []string{"process", "process.user", "process.capabilities", "root", "linux", "linux.resources", "linux.resources.memory", "linux.resources.cpu"} {
		var at any = doc
		for key := range strings.SplitSeq(where, ".") {
			at, _ = at.(map[string]any)[key].(map[string]any)
		}
		put(at, where, always)
	}
	for i, m := range spec.Mounts {
		put(doc["mounts"].([]any)[i], fmt.Sprintf("mount %d", i), func(s *specs.Spec) bool {
			return slices.ContainsFunc(s.Mounts, func(o specs.Mount) bool {
				return o.Destination == m.Destination && o.Type == m.Type && o.Source == m.Source
			})
		})
	}
	if spec.Linux != nil {
		for i, n := range spec.Linux.Namespaces {
			put(doc["linux"].(map[string]any)["namespaces"].([]any)[i], "namespace "+string(n.Type), always)
		}
		for i, d := range spec.Linux.Devices {
			put(doc["linux"].(map[string]any)["devices"].([]any)[i], "device "+d.Path, func(s *specs.Spec) bool {
				return slices.ContainsFunc(s.Linux.Devices, func(o specs.LinuxDevice) bool { return reflect.DeepEqual(o, d) })
			})
		}
	}
	return []byte(asJSON(doc)), marks
}

// The generators must reach what the properties are about.
func TestPropertyCoverage(t *testing.T) {
	outcomes := make(map[Outcome]int)
	adjusted := make(map[string]bool)
	decisions := rapid.Custom(func(t *rapid.T) *Decision {
		return compileFiles(t, drawFiles(t, drawDocs(t))).Evaluate(drawSubject(t), Complete)
	})
	for seed := range 400 { // the same ones each time
		d := decisions.Example(seed)
		outcomes[d.Outcome()]++
		for _, a := range d.Adjustments {
			adjusted[a.Rule] = true
		}
	}
	t.Logf("%v", outcomes)
	if len(outcomes) < 3 {
		t.Errorf("outcomes %v", outcomes)
	}
	for _, k := range kinds() {
		if k.canAdjust() && !adjusted[k.name] {
			t.Errorf("%s never adjusted", k.name)
		}
	}
}
