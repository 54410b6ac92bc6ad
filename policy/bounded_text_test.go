package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// strictRules has fields for a rule of each kind that finds as much as it can.
func strictRules() map[string]string {
	return map[string]string{
		"allowPrivilegeEscalation": "", "annotations": "", "appArmorProfile": "apply: RuntimeDefault", "capabilities": "drop: [ALL], refuse: [ADDED]",
		"cgroupsPath": "", "custom": "validations: [{name: a, expression: size(spec.mounts) < 2, message: m}]", "devices": "", "env": "forbid: ['*x*']",
		"hooks": "", "hostNamespaces": "", "hostPaths": "forbidden: [/x, RuntimeSockets]", "hostPorts": "", "images": "allowed: [a.io/b]",
		"intelRdt": "", "mountOptions": "require: [{volumeTypes: [emptyDir], options: [nosuid, nodev, noexec]}]", "netDevices": "", "oomScoreAdj": "", "privileged": "", "procMount": "",
		"readOnlyRootFilesystem": "", "resources": "memory: {max: 1Gi}, cpu: {max: 1}, pids: {max: 9}, swap: {max: 0}, hugepages: {max: 0}",
		"rlimits": "limits: [{type: RLIMIT_NOFILE, max: 9}]", "rootfsPropagation": "",
		"runAsNonRoot":    "allowedUsers: [{min: 65532, max: 65532}], allowedSupplementalGroups: [{min: 1, max: 9}]",
		"runtimeHandlers": "allowed: [kata]", "scheduler": "", "seLinuxOptions": "type: container_t", "seccompProfile": "apply: RuntimeDefault",
		"sysctls": "", "tokens": "volumes: ['*']", "userNamespace": "", "volumeTypes": "allowed: []",
	}
}

// fill gives every text and number in the value one of that index: a long text has that many bytes more.
func fill(v reflect.Value, i, more int) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), i, more)
	case reflect.String:
		v.SetString(fmt.Sprintf("/x%d%s", i, strings.Repeat("y", more)))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(100000 + i))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(100000 + i))
	case reflect.Struct:
		for k := range v.NumField() {
			fill(v.Field(k), i, more)
		}
	}
}

// eachField calls do for every list and map in the value, and every text, by its path. Pointers that are
// nil get a value.
func eachField(v reflect.Value, path string, do func(path string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		eachField(v.Elem(), path, do)
	case reflect.Struct:
		for i := range v.NumField() {
			eachField(v.Field(i), path+"."+v.Type().Field(i).Name, do)
		}
	case reflect.Slice, reflect.Map, reflect.String:
		do(path, v)
	}
}

// much fills a list or map with that many entries, and a text with that many bytes.
func much(v reflect.Value, n, more int) {
	switch v.Kind() {
	case reflect.String:
		fill(v, 0, n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), i, more)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range n {
			key, val := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, i, more)
			fill(val, i, more)
			v.SetMapIndex(key, val)
		}
	}
}

// TestBoundedText has very many entries in each list of a container, and very long texts in it: no finding,
// no change and no message grows with them.
func TestBoundedText(t *testing.T) {
	var reject, adjust []string
	for _, k := range kinds() {
		fields, ok := strictRules()[k.name]
		if !ok {
			t.Errorf("no rule of kind %s", k.name)
		}
		reject = append(reject, k.name+": {"+fields+"}")
		if k.canAdjust() {
			adjust = append(adjust, k.name+": {"+strings.TrimSuffix("onViolation: adjust, "+fields, ", ")+"}")
		}
	}
	sets := map[string]*Set{"reject": compileDocs(t, policyDoc("p", reject...)), "adjust": compileDocs(t, policyDoc("p", adjust...))}
	var paths []string
	eachField(reflect.ValueOf(contents(newSpec())), "", func(path string, _ reflect.Value) { paths = append(paths, path) })
	for _, path := range paths {
		for _, size := range [][2]int{{2000, 0}, {8, 9000}} {
			whole := contents(newSpec())
			eachField(reflect.ValueOf(whole), "", func(p string, v reflect.Value) {
				if p == path {
					much(v, size[0], size[1])
				}
			})
			for _, name := range slices.Sorted(maps.Keys(sets)) {
				expectBounded(t, fmt.Sprint(path, " ", size, " ", name), sets[name].Evaluate(whole.subject(), Complete))
			}
		}
	}
}

// written is all of a container that others can write.
type written struct {
	Process     *specs.Process
	Root        *specs.Root
	Mounts      []specs.Mount
	Hooks       *specs.Hooks
	Annotations map[string]string
	Linux       *specs.Linux

	Image                  string
	Images                 []string
	Handler                string
	PodAnnotations, Labels map[string]string
	Sandbox                *Sandbox
}

func contents(s *specs.Spec) *written {
	return &written{Process: s.Process, Root: s.Root, Mounts: s.Mounts, Hooks: s.Hooks, Annotations: s.Annotations, Linux: s.Linux}
}

func (w *written) subject() Subject {
	spec := newSpec()
	spec.Process, spec.Root, spec.Mounts, spec.Hooks, spec.Annotations, spec.Linux = w.Process, w.Root, w.Mounts, w.Hooks, w.Annotations, w.Linux
	sub := subject(spec)
	sub.Container.Image, sub.Container.OtherImages = w.Image, w.Images
	sub.Pod.Annotations, sub.Pod.Labels, sub.Pod.RuntimeHandler, sub.Pod.Sandbox = w.PodAnnotations, w.Labels, w.Handler, w.Sandbox
	return sub
}

// expectBounded wants the texts of a decision to be short.
func expectBounded(t *testing.T, what string, d *Decision) {
	t.Helper()
	texts := map[string]int{d.Message(): 4096}
	for _, v := range slices.Concat(d.Violations, d.Audit) {
		texts[v.Found], texts[v.Allowed], texts[v.Fix] = maxText, maxText, maxText
	}
	for _, a := range d.Adjustments {
		texts[a.Change] = maxText
	}
	for _, f := range d.Fields {
		texts[f.Field], texts[f.Was], texts[f.Now] = maxFieldText, maxFieldText, maxFieldText
	}
	for text, most := range texts {
		if len(text) > most {
			t.Errorf("%s: %d bytes: %.200s", what, len(text), text)
		}
	}
	if n := len(d.Violations) + len(d.Adjustments) + len(d.Fields); n > 900 {
		t.Errorf("%s: %d lines", what, n)
	}
}
