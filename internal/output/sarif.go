package output

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// The parts of SARIF 2.1.0 that are written.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		ColumnKind  string            `json:"columnKind"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		URI     string      `json:"informationUri"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
		Help  string    `json:"helpUri"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifResult struct {
		Rule         string             `json:"ruleId"`
		Index        int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   map[string]string  `json:"properties,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

const (
	repository  = "https://github.com/specguard/specguard"
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

	// notJudged is the rule of what could not be read or judged: as a result, code scanning shows it.
	notJudged = "notJudged"
)

// SARIF writes the report as SARIF 2.1.0 (OASIS Standard with Errata 01). What could not be
// judged is a result, too. What was skipped is a notification.
func SARIF(w io.Writer, r *Report) error {
	s := sarifWriter{run: sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "specguard", Version: r.Version, URI: repository, Rules: []sarifRule{}}},
		Results:    []sarifResult{},
		ColumnKind: "unicodeCodePoints",
	}}
	for i := range r.Containers {
		for _, f := range r.Containers[i].Findings {
			s.finding(&r.Containers[i], f)
		}
	}
	for _, e := range r.Errors {
		s.result(notJudged, sarifResult{
			Level: levelName(Error), Message: sarifText{e.Text}, Locations: []sarifLocation{locationOf(e.Place, "")},
			Fingerprints: fingerprint(e.File, notJudged, e.Text),
		})
	}
	invocation := sarifInvocation{Successful: len(r.Errors) == 0}
	for _, n := range r.Skipped {
		note := sarifNotification{Level: levelName(Note), Message: sarifText{"skipped: " + n.Text}}
		if n.File != "" {
			note.Locations = []sarifLocation{locationOf(n.Place, "")}
		}
		invocation.Notifications = append(invocation.Notifications, note)
	}
	s.run.Invocations = []sarifInvocation{invocation}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{s.run}})
}

type sarifWriter struct{ run sarifRun }

func (s *sarifWriter) finding(c *Container, f Finding) {
	result := sarifResult{
		Level: levelName(f.Level), Message: sarifText{c.Name + ": " + f.Text}, Locations: []sarifLocation{locationOf(f.Place, c.Name)},
		Fingerprints: fingerprint(f.File, c.Name, f.Policy, f.Rule, f.Text),
	}
	if f.Policy != "" {
		result.Properties = map[string]string{"policy": f.Policy}
	}
	if f.Excuse != "" {
		result.Suppressions = []sarifSuppression{{"external", "exception " + f.Excuse}}
	}
	s.result(f.Rule, result)
}

// result adds a result, and its rule if that is the first of it.
func (s *sarifWriter) result(rule string, r sarifResult) {
	rules := &s.run.Tool.Driver.Rules
	r.Rule, r.Index = rule, slices.IndexFunc(*rules, func(o sarifRule) bool { return o.ID == rule })
	if r.Index < 0 {
		r.Index = len(*rules)
		*rules = append(*rules, sarifRuleOf(rule))
	}
	s.run.Results = append(s.run.Results, r)
}

func sarifRuleOf(rule string) sarifRule {
	const docs = repository + "/blob/main/docs/"
	switch rule {
	case Uncovered:
		return sarifRule{rule, sarifText{"No policy matches the container"}, docs + "cli.md#check-in-a-pipeline"}
	case notJudged:
		return sarifRule{rule, sarifText{"Something could not be judged"}, docs + "cli.md#check-in-a-pipeline"}
	default:
		return sarifRule{rule, sarifText{"Rule " + rule + " of a policy is violated"}, docs + "rules.md#" + strings.ToLower(rule)}
	}
}

func locationOf(p Place, name string) sarifLocation {
	var l sarifLocation
	if p.File != "" {
		l.Physical = &sarifPhysical{sarifArtifact{p.uri()}, sarifRegion{max(p.Line, 1), p.Column}}
	}
	if name != "" {
		l.Logical = []sarifLogical{{name, "resource"}}
	}
	return l
}

// fingerprint stays the same when lines move.
func fingerprint(parts ...string) map[string]string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return map[string]string{"specguard/v1": hex.EncodeToString(sum[:16])}
}

// levelName is SARIF's name of the level.
func levelName(l Level) string { return [...]string{"note", "warning", "error"}[l] }
