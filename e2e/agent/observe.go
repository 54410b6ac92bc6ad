package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// Address is where the agent serves HTTP.
func (a *Agent) Address() string { return a.http }

// Get asks the agent's HTTP server; any answer but 200 is an error.
func (a *Agent) Get(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.http+path, nil)
	if err != nil {
		return "", fmt.Errorf("ask the agent: %w", err)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask the agent: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("ask the agent: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return string(body), fmt.Errorf("ask the agent: %s: %s", path, response.Status)
	}
	return string(body), nil
}

// Metrics returns the agent's metrics by series, for example
// `specguard_decisions_total{decision="denied"}`.
func (a *Agent) Metrics(ctx context.Context) (map[string]float64, error) {
	text, err := a.Get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	metrics := map[string]float64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		space := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[space+1:], 64)
		if space < 0 || err != nil {
			return nil, fmt.Errorf("metrics: bad line %q", line)
		}
		metrics[line[:space]] = value
	}
	return metrics, nil
}

// Log returns what the agent has logged, over all its starts.
func (a *Agent) Log() string {
	data, err := os.ReadFile(a.files.log)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// Audit returns the lines of the decision log.
func (a *Agent) Audit() ([]map[string]any, error) { return readAudit(a.files.audit) }

func readAudit(path string) ([]map[string]any, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("decision log: %w", err)
	}
	var records []map[string]any
	for line := range strings.Lines(string(data)) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			return nil, fmt.Errorf("decision log: %w: %q", err, line)
		}
		records = append(records, record)
	}
	return records, nil
}
