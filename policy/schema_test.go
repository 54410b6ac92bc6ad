package policy_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/internal/schema/schematest"
	"github.com/specguard/specguard/policy"
)

// The schema of the documents agrees with what reads them.

// TestSchemaOfDrawnDocuments takes what the other properties are about.
func TestSchemaOfDrawnDocuments(t *testing.T) {
	s := documentSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		for _, doc := range policy.DrawDocs(t) {
			if _, err := s.Validate([]byte(doc)); err != nil {
				t.Fatalf("%v\nin\n%s", err, doc)
			}
		}
	})
}

// TestSchemaRefusesNothingValid puts other values into documents. The schema must
// take those that can be loaded.
func TestSchemaRefusesNothingValid(t *testing.T) {
	s := documentSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		docs := policy.DrawDocs(t)
		at := rapid.IntRange(0, len(docs)-1).Draw(t, "document")
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(docs[at]), &doc); err != nil {
			t.Fatal(err)
		}
		value := rapid.SampledFrom(scalars(&doc)).Draw(t, "place")
		*value = yaml.Node{Kind: yaml.ScalarNode, Value: rapid.SampledFrom([]string{
			"1", "0", "007", "-1", "1.5", "0.250", "2147483648", "4294967295", "+5", "1Gi", "100k", "500m", "2027-01-31", "2027-01-31T1:02:03,5+02:00",
			"/", "/dev/x", "/a..b", "*", "a/**", "{a,b}", "x", "NET_ADMIN", "cap_net_raw", "all", "RuntimeDefault", "Localhost/a*", "s0:c1,c2",
			"None", "adjust", "audit", "hostPath", "rw", "net.core.*", "RLIMIT_CORE", "TCP", "pod.name == 'x'",
		}).Draw(t, "value")}
		text, err := yaml.Marshal(&doc)
		if err != nil {
			t.Fatal(err)
		}
		docs[at] = string(text)
		all := []byte(strings.Join(docs, "---\n"))
		if _, err := policy.Compile(policy.Source{Name: "p", Data: all}); err != nil {
			t.Skip(err)
		}
		if _, err := s.Validate(all); err != nil {
			t.Fatalf("%v\nin\n%s", err, text)
		}
	})
}

// scalars are the values in the node that are neither lists nor mappings.
func scalars(n *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for i, c := range n.Content {
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0: // a key
		case c.Kind == yaml.ScalarNode:
			out = append(out, c)
		default:
			out = append(out, scalars(c)...)
		}
	}
	return out
}

// TestSchemaOfInvalidDocuments has each fault found that a schema can express.
// Of the others the file says so.
func TestSchemaOfInvalidDocuments(t *testing.T) {
	s := documentSchema(t)
	files, err := filepath.Glob("testdata/invalid/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Validate(data)
		switch accepts := bytes.Contains(data, []byte("\n# schema: accepts")); {
		case accepts && err != nil:
			t.Errorf("%s: %v, but it is said to be accepted", file, err)
		case !accepts && err == nil:
			t.Errorf("%s is accepted", file)
		}
	}
}

// TestSchemaOfProfiles takes the rules of the built-in profiles for a policy's.
func TestSchemaOfProfiles(t *testing.T) {
	s := documentSchema(t)
	for _, name := range policy.Profiles() {
		var file struct{ Rules yaml.Node }
		data, err := os.ReadFile(filepath.Join("profiles", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		doc, err := yaml.Marshal(map[string]any{
			"apiVersion": policy.APIVersion, "kind": "Policy", "metadata": map[string]any{"name": name}, "spec": map[string]any{"rules": &file.Rules},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSchemaOfValues has what is easily missed: the forms of values, and where
// the schema is as strict as what reads documents.
func TestSchemaOfValues(t *testing.T) {
	s := documentSchema(t)
	for rules, valid := range map[string]bool{
		"capabilities: {drop: [all, cap_net_admin, CAP_CHOWN, Kill]}":                                true,
		"capabilities: {drop: [NET_ADMEN]}":                                                          false,
		"capabilities: {drop: [CAP_CAP_CHOWN]}":                                                      false,
		"capabilities: {drop: ALL}":                                                                  false,
		"resources: {memory: {max: 1048576}, cpu: {max: 2}, pids: {max: 100}}":                       true,
		`resources: {memory: {max: "1048576"}, cpu: {max: 0.5}, pids: {max: "100"}}`:                 true,
		"resources: {memory: {max: 1Gi}, cpu: {max: 500m}}":                                          true,
		"resources: {memory: {max: 0}}":                                                              false,
		"resources: {memory: {max: 1.5}}":                                                            false,
		"resources: {memory: {max: 00Mi}}":                                                           false,
		"resources: {memory: {max: 1 Gi}}":                                                           false,
		"resources: {cpu: {max: 0}}":                                                                 false,
		"resources: {cpu: {max: 0m}}":                                                                false,
		`resources: {cpu: {max: "0.0"}}`:                                                             false,
		`resources: {cpu: {max: "1.2345"}}`:                                                          false,
		"resources: {cpu: {max: 1000000}}":                                                           false,
		"resources: {pids: {max: 2147483648}}":                                                       false,
		"hostPaths: {allowed: [{path: /}]}":                                                          true,
		"hostPaths: {allowed: [{path: /var/lib/..data}]}":                                            true,
		"hostPaths: {allowed: [{path: /var/..}]}":                                                    false,
		"hostPaths: {allowed: [{path: /var/./log}]}":                                                 false,
		"hostPaths: {allowed: [{path: /var//log}]}":                                                  false,
		"hostPaths: {allowed: [{path: /var/}]}":                                                      false,
		"hostNamespaces: {onViolation: audit}":                                                       true,
		"hostNamespaces: {onViolation: adjust}":                                                      false,
		"hostPaths: {onViolation: adjust}":                                                           true,
		"seLinuxOptions: {allowedLevels: [\"s0*\", \"\"], level: s0-s0:c0.c1023}":                    true,
		"appArmorProfile: {apply: Localhost/}":                                                       false,
		"runAsNonRoot: {runAsUser: 4294967294}":                                                      true,
		"runAsNonRoot: {runAsUser: 4294967295}":                                                      false,
		"runAsNonRoot: {runAsUser: 4294967296}":                                                      false,
		`runAsNonRoot: {runAsUser: "1"}`:                                                             false,
		"readOnlyRootFilesystem: {onViolation: yes}":                                                 false,
		"hostPorts: {allowed: [{min: 80, max: \"443\"}]}":                                            true,
		"hostPorts: {allowed: [{min: 0, max: 443}]}":                                                 false,
		"hostPorts: {allowed: [{min: 1}]}":                                                           false,
		"runtimeHandlers: {allowed: [\"\", 7]}":                                                      true,
		"custom: {validations: [{name: a, expression: pod.name != '', message: m}]}":                 true,
		"custom: {validations: [{name: a, expression: pod.name != ''}]}":                             false,
		"images: {requireDigest: no}":                                                                false,
		"allowPrivilegeEscalation: {onViolation: ignore}\n    seccompProfile: {onViolation: Reject}": false,
		"allowPrivilegeEscalation: {onViolation: ignore}\n    seccompProfile: {onViolation: reject}": true,
	} {
		doc := []byte("apiVersion: " + policy.APIVersion + "\nkind: Policy\nmetadata: {name: p}\nspec:\n  rules:\n    " + rules + "\n")
		if _, err := s.Validate(doc); (err == nil) != valid {
			t.Errorf("%s: %v", rules, err)
		}
		if _, err := policy.Compile(policy.Source{Name: "p", Data: doc}); (err == nil) != valid {
			t.Errorf("%s: %v when it is loaded", rules, err)
		}
	}
}

func documentSchema(t *testing.T) schematest.Schema {
	t.Helper()
	text, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return schematest.Compile(t, text)
}
