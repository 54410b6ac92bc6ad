package metrics_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/specguard/specguard/internal/metrics"
)

// names is a prometheus.Registerer that notes what is registered.
type names map[string]bool

func (n names) Register(c prometheus.Collector) error {
	all := make(chan *prometheus.Desc)
	go func() { c.Describe(all); close(all) }()
	for d := range all {
		n[regexp.MustCompile(`fqName: "(\w+)"`).FindStringSubmatch(d.String())[1]] = true
	}
	return nil
}

func (n names) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		_ = n.Register(c)
	}
}

func (n names) Unregister(prometheus.Collector) bool { return false }

// TestNames: what the documents, the alerts and the dashboard say of metrics is
// about metrics that there are, and docs/operations.md says something of each.
func TestNames(t *testing.T) {
	exposed := names{}
	metrics.New(exposed)
	metrics.NewHTTP(exposed)
	metrics.RegisterState(exposed, &state{})

	var files []string
	for _, pattern := range []string{"docs/*.md", "deploy/grafana/*.json", "deploy/helm/specguard/alerts.yaml", "deploy/kustomize/components/prometheus-rule/*.yaml"} {
		found, err := filepath.Glob("../../" + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]bool{}
		for _, name := range regexp.MustCompile(`\bspecguard_\w+`).FindAllString(string(data), -1) {
			said[name] = true
			if !exposed[name] && !exposed[strings.TrimSuffix(name, "_bucket")] {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
		if filepath.Base(file) != "operations.md" {
			continue
		}
		for name := range exposed {
			if !said[name] {
				t.Errorf("%s does not say what %s is", file, name)
			}
		}
	}
}
