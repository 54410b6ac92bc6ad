package main

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
)

// noLowerScore raises an OOM score adjustment to that of this process: without
// CAP_SYS_RESOURCE it cannot be lower.
func noLowerScore(value json.RawMessage) (json.RawMessage, error) {
	own, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return nil, err
	}
	least, err := strconv.Atoi(strings.TrimSpace(string(own)))
	if err != nil {
		return nil, err
	}
	var score int
	if err := json.Unmarshal(value, &score); err != nil {
		return nil, err
	}
	if score >= least {
		return value, nil
	}
	return json.Marshal(least)
}
