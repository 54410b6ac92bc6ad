package cri

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Spec returns the OCI spec that the container runs with, or would if it were
// started.
func (r *Running) Spec(ctx context.Context) (json.RawMessage, error) {
	if file := r.client.layout.SpecFile(r.ID); file != "" {
		spec, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("container spec: %w", err)
		}
		return spec, nil
	}
	answer, err := r.status(ctx, true)
	if err != nil {
		return nil, err
	}
	var info struct {
		RuntimeSpec json.RawMessage `json:"runtimeSpec"`
	}
	if err := json.Unmarshal([]byte(answer.Info["info"]), &info); err != nil {
		return nil, fmt.Errorf("container status: verbose info: %w", err)
	}
	if info.RuntimeSpec == nil {
		return nil, errors.New("container status: no spec in the verbose info")
	}
	return info.RuntimeSpec, nil
}
