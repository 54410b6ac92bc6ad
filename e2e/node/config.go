package node

import (
	"fmt"
	"os"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/specguard/specguard/e2e/patience"
)

// table is a TOML table.
type table = map[string]any

// merge writes extra over base, table by table.
func merge(base, extra table) {
	for key, value := range extra {
		inner, isTable := value.(table)
		if below, both := base[key].(table); isTable && both {
			merge(below, inner)
			continue
		}
		base[key] = value
	}
}

// OtherHandler is a runtime handler that differs from the default one by name
// alone.
const OtherHandler = "other"

// writeConfig writes a daemon's configuration, with extra TOML merged over it.
func writeConfig(path string, base table, extra string) error {
	data, err := renderConfig(base, extra)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return nil
}

func renderConfig(base table, extra string) ([]byte, error) {
	var over table
	if err := toml.Unmarshal([]byte(extra), &over); err != nil {
		return nil, fmt.Errorf("extra configuration: %w", err)
	}
	merge(base, over)
	data, err := toml.Marshal(base)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return data, nil
}

// Defaults of NRI's timeouts.
const (
	registrationTimeout = 5 * time.Second
	requestTimeout      = 2 * time.Second
)

func duration(d, otherwise time.Duration) string {
	if d == 0 {
		d = patience.For(otherwise)
	}
	return d.String()
}
