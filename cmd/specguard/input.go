package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/ocispec"
)

// inspect is what "crictl inspect" prints, as far as it is read here.
type inspect struct {
	Status struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Labels map[string]string `json:"labels"`
		Image  struct {
			Image string `json:"image"`
		} `json:"image"`
	} `json:"status"`
	Info struct {
		SandboxID   string          `json:"sandboxID"`
		RuntimeSpec json.RawMessage `json:"runtimeSpec"`
	} `json:"info"`
}

// subjectFrom makes a subject of an OCI config.json or of what "crictl
// inspect" prints.
func subjectFrom(data []byte) (policy.Subject, error) {
	var in inspect
	if err := json.Unmarshal(data, &in); err != nil {
		return policy.Subject{}, fmt.Errorf("no JSON: %w", err)
	}
	raw := data
	if in.Info.RuntimeSpec != nil {
		raw = in.Info.RuntimeSpec
	}
	spec, err := ocispec.Decode(raw)
	if err != nil {
		return policy.Subject{}, err
	}
	if spec.Version == "" {
		return policy.Subject{}, errors.New("neither an OCI config.json (no ociVersion) nor the output of crictl inspect (no info.runtimeSpec)")
	}
	first := func(names ...string) string {
		for _, n := range names {
			for _, m := range []map[string]string{spec.Annotations, in.Status.Labels} {
				if m[n] != "" {
					return m[n]
				}
			}
		}
		return ""
	}
	return policy.Subject{
		Pod: policy.Pod{
			Name:      first("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"),
			Namespace: first("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"),
			UID:       first("io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"),
			ID:        first("io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID"),
		},
		Container: policy.Container{
			Name:  first("io.kubernetes.cri.container-name", "io.kubernetes.container.name"),
			Image: first("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"),
		},
		Spec: spec,
	}, nil
}
