package breakage

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/manifest"
)

const userField = "process.user"

// changedUser: adjusting changes a user that the pod, or its image, has chosen.
func changedUser(a *adjustment) []found {
	before, after := a.before.Process.User.UID, a.after.Process.User.UID
	if before == after || before == 0 && (a.facts == nil || !a.facts.RunAsUser) {
		return nil
	}
	who := "the pod or its image"
	if a.facts != nil && a.facts.RunAsUser {
		who = "the pod"
	}
	return []found{{userField, fmt.Sprintf("changes uid %d, which %s asks for, to %d: it may not own its files", before, who, after)}}
}

// unreadable: the container could read files of the pod's volumes before, and cannot after.
func unreadable(a *adjustment, tokens bool) []found {
	if a.facts == nil {
		return nil
	}
	var out []found
	for _, f := range a.facts.Private {
		if f.Token != tokens || !reads(a.before, &f) || reads(a.after, &f) || !mounted(a.after, f.Destination) {
			continue
		}
		field := userField
		if a.before.Process.User.UID == a.after.Process.User.UID {
			field = capabilitiesField
		}
		u := a.after.Process.User
		out = append(out, found{field, fmt.Sprintf("runs it as %d:%d, which cannot read files of the %s at %s (owner %d%s)",
			u.UID, u.GID, f.Volume, f.Destination, f.Owner, groupText(f.Group))})
	}
	return out
}

func groupText(group *uint32) string {
	if group == nil {
		return ""
	}
	return fmt.Sprintf(", group %d", *group)
}

// reads reports whether the process can read the files.
func reads(spec *specs.Spec, f *manifest.PrivateFiles) bool {
	u := spec.Process.User
	if u.UID == f.Owner || f.Group != nil && (u.GID == *f.Group || slices.Contains(u.AdditionalGids, *f.Group)) {
		return true
	}
	all := spec.Process.Capabilities == nil
	return u.UID == 0 && (all || slices.Contains(usable(spec), "DAC_OVERRIDE") || slices.Contains(usable(spec), "DAC_READ_SEARCH"))
}

func mounted(spec *specs.Spec, destination string) bool {
	return slices.ContainsFunc(spec.Mounts, func(m specs.Mount) bool { return m.Destination == destination })
}
