// Package wrapperapi is the protocol with which the OCI runtime wrapper and the
// seal's hook ask the agent about a container: one request and one answer over a
// unix socket that belongs to root. It imports nothing that slows the start of a
// program.
package wrapperapi

import (
	"encoding/json"
	"fmt"
	"io"
)

// version is the version of the messages. An agent and a wrapper of different
// versions refuse each other.
const version = 1

// DefaultSocket is where the agent listens.
const DefaultSocket = "/run/specguard/runtime.sock"

// maxMessage bounds a message, in bytes.
const maxMessage = 64 << 20

// Kind is the question: what the answer can still change.
type Kind string

// The kinds.
const (
	Create Kind = "create" // the OCI runtime has not seen the spec: it can be changed
	Verify Kind = "verify" // the OCI runtime has read the spec: the container can only be forbidden

	// ping names no container: it asks whether the agent answers.
	ping Kind = "ping"
)

// Request asks for the judgement of one container.
type Request struct {
	Version int    `json:"version"`
	Kind    Kind   `json:"stage"`
	ID      string `json:"id"`   // the container's, as passed to the OCI runtime
	Spec    []byte `json:"spec"` // its config.json

	// HostNamespaces has the types of the namespaces in the spec whose paths lead to the
	// host's own.
	HostNamespaces []string `json:"hostNamespaces,omitempty"`

	// Mounts is, for the kind Verify, the mountinfo file of the container's first process.
	// Root is the place of the container's root filesystem in it.
	Mounts []byte `json:"mounts,omitempty"`
	Root   string `json:"root,omitempty"`

	// Sandbox is what the host shows of the container's pod; nil if the spec names none.
	Sandbox *Sandbox `json:"sandbox,omitempty"`
}

// Sandbox is what the host shows of a pod.
type Sandbox struct {
	ID   string `json:"id"`
	Spec []byte `json:"spec,omitempty"` // the config.json of its sandbox

	// PortMappings is the capability portMappings of the CNI plugins for the pod's network,
	// as JSON. Networked reports whether it could be read; if not, nothing is known of the
	// pod's ports.
	PortMappings []byte `json:"portMappings,omitempty"`
	Networked    bool   `json:"networked,omitempty"`
}

// Verdict says whether a container may run. A wrapper treats a verdict that it does
// not know like an agent that does not answer, and then lets the namespaces of
// pass.namespaces through. So a new agent must not send a new verdict for a
// container that must not run.
type Verdict string

// The verdicts.
const (
	Allowed Verdict = "allow" // it may run, with the answer's spec if there is one

	// Forbidden: it must not run. The message says whether a policy has denied it,
	// or the agent refused it without judging it.
	Forbidden Verdict = "deny"

	// Unknown: the agent has not seen the container through NRI, so nobody
	// knows whose it is. It must not run, unless its namespace is in
	// pass.namespaces of the wrapper's configuration.
	Unknown Verdict = "unknown"
)

// Answer is the agent's answer.
type Answer struct {
	Version int     `json:"version"`
	Verdict Verdict `json:"verdict"`
	Message string  `json:"message,omitempty"` // why, for Forbidden and Unknown, in one line
	Spec    []byte  `json:"spec,omitempty"`    // the spec to run instead of the request's; nil: run that
}

// Forbid returns the answer that the container must not run, and why.
func Forbid(message string) Answer { return Answer{Verdict: Forbidden, Message: message} }

// read reads one message.
func read(r io.Reader, message any) error {
	limited := &io.LimitedReader{R: r, N: maxMessage + 1}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	err := dec.Decode(message)
	if limited.N <= 0 {
		return fmt.Errorf("a message of more than %d MiB: the specs of the container and its pod are together too large", maxMessage>>20)
	}
	return err
}
