package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/runtimeconfig"
	"github.com/specguard/specguard/policy/ocispec"
)

// maxState bounds a container's state, in bytes.
const maxState = 1 << 20

// hook is the seal that can be passed: an OCI createRuntime hook (OCI runtime
// spec, config.md, "POSIX-platform Hooks"), to which the runtime gives the
// container's state. It has the final spec in the bundle judged; its error
// keeps the container from starting.
func hook(cfg *runtimeconfig.Config, stdin io.Reader) error {
	var state specs.State
	if err := json.NewDecoder(io.LimitReader(stdin, maxState)).Decode(&state); err != nil {
		return fmt.Errorf("read the container's state: %w", err)
	}
	if state.ID == "" || state.Bundle == "" {
		return errors.New("the container's state names no container or no bundle")
	}
	b, err := openBundle(state.Bundle)
	if err != nil {
		return err
	}
	defer b.Close()
	spec, err := ocispec.Decode(b.spec)
	if err != nil {
		return err
	}
	answer, err := ask(cfg, request(judge.Verify, b, spec, state.ID))
	if err != nil {
		return errors.New(unasked(err))
	}
	if answer.Verdict != judge.Allow {
		return errors.New(answer.Message)
	}
	return b.check()
}
