package policy

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/globs"
	"github.com/specguard/specguard/internal/strict"
)

// Tokens forbids mounts of service account tokens, with which a process can speak to the API
// server in the name of its pod's service account.
//
// The rule recognizes the volumes by the folders in which the kubelet keeps them, wherever they
// are mounted, as a whole or in part (subPath), and also those of other pods. A token is in
// each volume kube-api-access-*, which the API server adds to pods. A projected volume or a
// secret that is mounted where clients look for the token
// (/var/run/secrets/kubernetes.io/serviceaccount, or a folder around it; of secrets, only
// .../kubernetes.io) counts too. A node does not see which other
// volumes hold tokens: name them in volumes. Rule hostPaths judges other paths of the host that
// lead to the kubelet's volumes.
//
// Reads: mounts (OCI runtime spec, config.md, "Mounts").
// Adjusts: removes the mount, if it is read-only, as the kubelet makes it, and not inside
// another mount, such as an emptyDir on /var/run: it may hide something of that. Otherwise the container is
// denied, and the message says why.
// Source: Kubernetes plugin/pkg/admission/serviceaccount, pkg/volume/projected.
// Example: {onViolation: adjust}
type Tokens struct {
	Base `yaml:",inline"`

	// Volumes lists patterns of the names of further projected volumes and secrets that hold
	// tokens. "*" stands for all of them.
	// Default: none.
	Volumes []Glob `yaml:"volumes"`
}

// JSONSchema refuses empty patterns, as Validate does.
func (Tokens) JSONSchema() map[string]any {
	return map[string]any{"properties": map[string]any{"volumes": map[string]any{"items": map[string]any{"minLength": 1}}}}
}

// Validate rejects patterns that match no volume.
func (t *Tokens) Validate() error {
	if slices.Contains(t.Volumes, "") {
		return strict.Field("volumes", "has an empty pattern, which never matches")
	}
	return errors.Join(named{"volume", "names of volumes are " + dnsLabel, globs.DNSLabels()}.never("volumes", t.Volumes)...)
}

// Warnings tells of a list without patterns, and of volumes that the rule knows anyway.
func (t *Tokens) Warnings() []error {
	if t.Volumes != nil && len(t.Volumes) == 0 {
		return []error{strict.Field("volumes", "is an empty list: it has no effect (leave it out)")}
	}
	var out []error
	for i, g := range t.Volumes {
		if strings.HasPrefix(string(g), apiAccess) {
			out = append(out, strict.Entry("volumes", i, "%q has no effect: the rule knows the volumes %s*", g, apiAccess))
		}
	}
	return out
}

// apiAccess begins the names of the volumes with tokens that the API server adds.
const apiAccess = "kube-api-access-"

// Check finds mounts of tokens.
func (t *Tokens) Check(s *Subject) []Finding {
	mounts := t.mounts(s)
	if len(mounts) == 0 {
		return nil
	}
	var r removal
	if t.Action() == Adjust {
		r = t.removal(s, mounts)
	}
	var found []string
	for _, at := range mounts {
		found = append(found, s.Spec.Mounts[at].Destination+r.note(at))
	}
	return []Finding{{Found: "service account token at " + few(found) + " not allowed",
		Fix: "set automountServiceAccountToken: false, and remove other volumes with tokens"}}
}

// Adjust removes them. One that can be written, or lies in a mount which stays, is kept, and
// denied.
func (t *Tokens) Adjust(s *Subject) []string {
	removed := t.removal(s, t.mounts(s)).removed
	var done []string
	for i := range s.Spec.Mounts {
		if removed[i] {
			done = append(done, "removed the service account token at "+s.Spec.Mounts[i].Destination)
		}
	}
	return append(done, s.removeMounts(removed)...)
}

// removal is what becomes of those mounts. Any other mount may have files that they hide.
func (t *Tokens) removal(s *Subject, mounts []int) removal {
	keep := func(i int) (string, bool) { return "writable, so not removed", !isReadOnly(&s.Spec.Mounts[i]) }
	return s.removal(mounts, keep, func(int) bool { return true })
}

// mounts are those of tokens, by index.
func (t *Tokens) mounts(s *Subject) []int {
	var out []int
	for i := range s.Spec.Mounts {
		if t.shows(s, &s.Spec.Mounts[i]) {
			out = append(out, i)
		}
	}
	return out
}

// shows reports whether the mount shows a token.
func (t *Tokens) shows(s *Subject, m *specs.Mount) bool {
	if isPseudo(m) {
		return false
	}
	o := s.origin(m)
	for _, source := range []string{o.source, path.Clean(m.Source)} {
		name, typ := tokenVolume(source, o.volume)
		if name != "" && (strings.HasPrefix(name, apiAccess) || matchAny(t.Volumes, name) || atTokens(mountPoint(m), typ)) {
			return true
		}
	}
	return false
}

// tokenVolume is the name of the projected volume or secret that the path of the host
// is, or lies in, and which of the two; "" where it is none. What the kubelet has mounted for a subPath does
// not tell the type of its volume, but the host may.
//
// Source: Kubernetes, pkg/kubelet/kubelet_getters.go, pkg/volume/util/subpath.
func tokenVolume(source string, typ VolumeType) (string, VolumeType) {
	parts := strings.Split(source, "/")
	for i, part := range parts {
		switch {
		case part == "volumes" && i+2 < len(parts) && holdsTokens(pluginVolume(parts[i+1])):
			return parts[i+2], pluginVolume(parts[i+1])
		case part == "volume-subpaths" && i+1 < len(parts) && (holdsTokens(typ) || typ == unknownVolume || typ == hostPath):
			return parts[i+1], typ
		}
	}
	return "", ""
}

func holdsTokens(typ VolumeType) bool { return typ == "projected" || typ == "secret" }

// atTokens reports whether the place in the container is where clients look for the
// token, or below, or a folder around it: files of a volume can have folders. Secrets are
// often mounted at /run/secrets, which does not make them tokens. In most images /var/run leads
// to /run.
func atTokens(place string, typ VolumeType) bool {
	for _, clients := range []string{"/var/run/secrets/kubernetes.io/serviceaccount", "/run/secrets/kubernetes.io/serviceaccount"} {
		if underAny(place, []string{clients}) {
			return true
		}
		if rest, around := under(place, clients); around && (typ != "secret" || rest == "serviceaccount") {
			return true
		}
	}
	return false
}
