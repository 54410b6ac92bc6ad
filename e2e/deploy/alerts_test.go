package deploy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// TestAlerts: the expressions parse and yield something that can be compared,
// and every alert of docs/operations.md is there.
func TestAlerts(t *testing.T) {
	rule := find[prometheusRule](t, kustomize(t, "resources: [../overlays/audit]"+allComponents), "specguard")
	documented := read(t, "docs/operations.md")
	var metrics []string
	for _, g := range rule.Spec.Groups {
		for _, a := range g.Rules {
			if got := parse(t, a.Expr); got.Type() != parser.ValueTypeVector {
				t.Errorf("%s: %s is a %s", a.Alert, a.Expr, got.Type())
			} else {
				metrics = append(metrics, selected(got)...)
			}
			if a.Labels["severity"] == "" || a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
				t.Errorf("%s does not say enough: %+v", a.Alert, a)
			}
			if !strings.Contains(documented, a.Alert) {
				t.Errorf("docs/operations.md does not name %s", a.Alert)
			}
		}
	}
	for _, want := range []string{"specguard_connected", "specguard_decisions_total", "specguard_policy_reload_success", "specguard_failures_total", "specguard_http_connections_total", "up", "kube_daemonset_status_number_unavailable", "specguard_exception_end_timestamp_seconds"} {
		if !slices.Contains(metrics, want) {
			t.Errorf("no alert is about %s", want)
		}
	}
}

// TestDashboard: every panel asks something that parses, of the agent alone.
func TestDashboard(t *testing.T) {
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "deploy/grafana/specguard.json")), &board); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range board.Panels {
		if seen[p.ID] || p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d %q has the id of another, no title or no query", p.ID, p.Title)
		}
		seen[p.ID] = true
		for _, target := range p.Targets {
			for _, metric := range selected(parse(t, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))) {
				if metric != "up" && !strings.HasPrefix(metric, "specguard_") {
					t.Errorf("%s: asks for %s", p.Title, metric)
				}
			}
		}
	}
	if len(board.Panels) == 0 {
		t.Error("no panels")
	}
}

func parse(t *testing.T, expr string) parser.Expr {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return parsed
}

// selected gives the metrics that an expression is about.
func selected(expr parser.Expr) []string {
	var out []string
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			out = append(out, v.Name)
		}
		return nil
	})
	return out
}
