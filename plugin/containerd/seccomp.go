package containerd

import (
	"encoding/json"

	"google.golang.org/protobuf/types/known/anypb"

	"github.com/specguard/specguard/plugin/judge"
)

// configExtension is the extension in which containerd's CRI keeps the request for a
// container.
const configExtension = "io.cri-containerd.container.metadata"

// The types of CRI's SecurityProfile.
const (
	runtimeDefault = iota
	unconfined
	localhost
)

// seccompOf returns the requested seccomp profile; the zero value if containerd does not
// show it, or in an unknown format.
func seccompOf(id string, extension *anypb.Any) judge.SeccompRequest {
	var doc struct {
		Version  string
		Metadata struct {
			ID     string
			Config struct {
				Metadata *struct{} `json:"metadata"`
				Linux    struct {
					SecurityContext struct {
						Seccomp *struct {
							ProfileType  int    `json:"profile_type"`
							LocalhostRef string `json:"localhost_ref"`
						} `json:"seccomp"`
					} `json:"security_context"`
				} `json:"linux"`
			}
		}
	}
	if json.Unmarshal(extension.GetValue(), &doc) != nil || doc.Version != metadataVersion || doc.Metadata.ID != id ||
		doc.Metadata.Config.Metadata == nil {
		return judge.SeccompRequest{}
	}
	asked := doc.Metadata.Config.Linux.SecurityContext.Seccomp
	if asked == nil {
		return judge.SeccompRequest{}
	}
	switch asked.ProfileType {
	case runtimeDefault:
		return judge.SeccompRequest{Name: "RuntimeDefault"}
	case unconfined:
		return judge.SeccompRequest{Name: "Unconfined"}
	case localhost:
		return judge.SeccompRequest{Localhost: asked.LocalhostRef}
	}
	return judge.SeccompRequest{}
}
