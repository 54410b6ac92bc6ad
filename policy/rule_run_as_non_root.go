package policy

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// RunAsNonRoot requires a user other than root, and limits users and groups.
//
// The id 4294967295 (-1) counts as 0: crun passes it to setresuid(2) and setresgid(2), which then
// leave the id as it is, so that the process would stay root. A user that the container's user
// namespace maps to the host's 0 breaks the rule, too, and such a group counts as 0.
//
// Reads: process.user: uid, gid and additionalGids (OCI runtime spec, config.md, "User"),
// linux.namespaces, linux.uidMappings and linux.gidMappings; with allowUserNamespaceRoot also
// those of the pod's sandbox; the pod's namespace with namespaceUsers.
// Adjusts: replaces root, or a user that is not allowed, with runAsUser, and a group that is not
// allowed with runAsGroup. It removes additional groups that are not allowed. If it replaces
// root, it also replaces root's group 0. If the container's user namespace does not map an id
// that it would set, or maps it to the host's 0, the container is denied. With home it also sets HOME.
// If several policies adjust, they set one user that all of them allow: that of the highest priority
// among those that want the user replaced, or else among the others; with the same priority, the lowest.
// The same holds for the group. Root's group goes unless all of them keep it.
// Source: Pod Security Standards, Restricted, "Running as Non-root" and "Running as Non-root
// user"; credentials(7), user_namespaces(7).
// Example: {onViolation: adjust, runAsUser: 10001, runAsGroup: 10001, forbidRootGroup: true}
type RunAsNonRoot struct {
	Base `yaml:",inline"`

	// RunAsUser is the user that adjusting sets.
	// Default: 65532.
	RunAsUser *uint32 `yaml:"runAsUser"`

	// RunAsGroup is the group that adjusting sets.
	// Default: 65532.
	RunAsGroup *uint32 `yaml:"runAsGroup"`

	// AllowedUsers lists the allowed user ids. It cannot contain 0.
	// Default: any but 0.
	AllowedUsers []IDRange `yaml:"allowedUsers"`

	// NamespaceUsers gives each namespace a range of user ids, in the place of allowedUsers and
	// runAsUser: adjusting sets the first id of the range. The first entry that matches the
	// pod's namespace counts. If none does, the container is denied.
	// Default: none.
	NamespaceUsers []NamespaceUsers `yaml:"namespaceUsers"`

	// AllowedGroups lists the ids that the primary group may have.
	// Default: any.
	AllowedGroups []IDRange `yaml:"allowedGroups"`

	// AllowedSupplementalGroups lists the ids that additional groups may have.
	// Default: any.
	AllowedSupplementalGroups []IDRange `yaml:"allowedSupplementalGroups"`

	// ForbidRootGroup forbids group 0, as primary and as additional group, even if the allowed
	// groups contain it.
	ForbidRootGroup bool `yaml:"forbidRootGroup"`

	// AllowUserNamespaceRoot allows id 0 in a user namespace that does not map the host's root.
	AllowUserNamespaceRoot bool `yaml:"allowUserNamespaceRoot"`

	// AdjustOnlyRoot limits what adjusting replaces to root and its group 0. A container that
	// has another user or primary group that is not allowed is denied. An image or a pod that
	// names no user runs as root; one that names root looks the same.
	AdjustOnlyRoot bool `yaml:"adjustOnlyRoot"`

	// KeepRootGroup: if adjusting replaces root, group 0 stays. Images that are made to run with
	// any user, such as those for OpenShift, give their files to this group.
	KeepRootGroup bool `yaml:"keepRootGroup"`

	// Home is the HOME that adjusting sets if it changes the user and the spec's HOME is
	// missing, empty or /root. Otherwise OCI runtimes set / for a user that the image does not
	// know, where it cannot write. If several policies adjust, that of the user that is set counts.
	// Default: HOME stays as it is.
	Home absPath `yaml:"home"`

	force force[*RunAsNonRoot] // with those of other policies, while it adjusts
}

// defaultID is the user and group of images that are made to run without root
// (distroless "nonroot").
const defaultID = 65532

// IDRange is a range of user or group ids, including both ends.
type IDRange struct {
	// Min is the lowest id.
	// Default: 0.
	Min uint32 `yaml:"min"`

	// Max is the highest id.
	// Default: 0.
	Max uint32 `yaml:"max"`
}

// Validate requires an end that is not before the start.
func (r *IDRange) Validate() error {
	if r.Max < r.Min {
		return strict.Field("max", "%d is below min, %d", r.Max, r.Min)
	}
	return nil
}

func (r IDRange) String() string {
	if r.Min == r.Max {
		return strconv.FormatUint(uint64(r.Min), 10)
	}
	return fmt.Sprintf("%d-%d", r.Min, r.Max)
}

// JSONSchema refuses root, as Validate does.
func (RunAsNonRoot) JSONSchema() map[string]any {
	notRoot := map[string]any{"minimum": 1, "maximum": unchangedID - 1}
	users := strict.Required("min")
	users["properties"] = map[string]any{"min": map[string]any{"minimum": 1}}
	return map[string]any{"properties": map[string]any{
		"namespaceUsers": strict.NotEmpty(),
		"runAsUser":      notRoot, "runAsGroup": notRoot, "allowedUsers": map[string]any{"items": users},
	}}
}

// Validate rejects root, ids for adjusting that would not be allowed, and empty
// lists.
func (r *RunAsNonRoot) Validate() error {
	for _, list := range []struct {
		key    string
		ranges []IDRange
	}{
		{"allowedUsers", r.AllowedUsers},
		{"allowedGroups", r.AllowedGroups},
		{"allowedSupplementalGroups", r.AllowedSupplementalGroups},
	} {
		if list.ranges != nil && len(list.ranges) == 0 {
			return strict.Field(list.key, "is an empty list; leave it out to allow any")
		}
	}
	for _, id := range []struct {
		key     string
		given   *uint32
		value   uint32
		allowed []IDRange
	}{
		{"runAsUser", r.RunAsUser, orDefault(r.RunAsUser), r.AllowedUsers},
		{"runAsGroup", r.RunAsGroup, r.group(), r.AllowedGroups},
	} {
		if effective(id.value) == 0 {
			return strict.Field(id.key, "must not be %d: that is root", id.value)
		}
		if (id.given != nil || r.Action() == Adjust) && !inRanges(id.allowed, id.value) {
			return strict.Field(id.key, "%d is not in the allowed ranges (allowed: %s)", id.value, joinRanges(id.allowed))
		}
	}
	if slices.ContainsFunc(r.AllowedUsers, func(r IDRange) bool { return r.Min == 0 }) {
		return strict.Field("allowedUsers", "must not include 0: root is never allowed; min must be 1 or more")
	}
	return cmp.Or(r.validateGroups(), r.validateNamespaceUsers(), r.validateAdjusting())
}

// validateAdjusting rejects what is only about adjusting where the rule does not
// adjust, and a root group that is to stay but is not allowed.
func (r *RunAsNonRoot) validateAdjusting() error {
	for _, f := range []struct {
		key   string
		given bool
	}{
		{"adjustOnlyRoot", r.AdjustOnlyRoot},
		{"keepRootGroup", r.KeepRootGroup},
		{"home", r.Home != ""},
	} {
		if f.given && r.Action() != Adjust && r.Action() != Ignore {
			return strict.Field(f.key, "needs onViolation: adjust")
		}
	}
	switch {
	case !r.KeepRootGroup:
		return nil
	case r.ForbidRootGroup:
		return strict.Field("keepRootGroup", "contradicts forbidRootGroup")
	case !inRanges(r.AllowedGroups, 0):
		return strict.Field("keepRootGroup", "needs group 0 in allowedGroups (allowed: %s)", joinRanges(r.AllowedGroups))
	}
	return nil
}

func (r *RunAsNonRoot) group() uint32 { return orDefault(r.RunAsGroup) }

func orDefault(id *uint32) uint32 {
	if id == nil {
		return defaultID
	}
	return *id
}

// Check finds root, and users and groups that are not allowed.
func (r *RunAsNonRoot) Check(s *Subject) []Finding {
	users, ok := r.usersOf(s)
	switch {
	case s.Spec.Process == nil && ok:
		return []Finding{{Found: "no user is given", Allowed: usersText(users)}}
	case s.Spec.Process == nil:
		return []Finding{r.noUsers(s)}
	}
	u := &s.Spec.Process.User
	var findings []Finding
	switch {
	case r.userFine(s, u.UID):
	case !ok:
		findings = append(findings, r.noUsers(s))
	case effective(u.UID) == 0:
		findings = append(findings, Finding{Found: fmt.Sprintf("runs as root (uid %d)", u.UID) +
			r.cannotRun(s), Allowed: usersText(users), Fix: r.fixUser(s)})
	case s.isHostUser(u.UID):
		findings = append(findings, Finding{Found: fmt.Sprintf("uid %d is the host's root in the pod's user namespace", u.UID) +
			r.cannotRun(s), Allowed: usersText(users)})
	default:
		findings = append(findings, Finding{Found: fmt.Sprintf("uid %d not allowed", u.UID) +
			r.cannotRun(s), Allowed: usersText(users), Fix: r.fixUser(s)})
	}
	if !r.groupFine(s, u.GID, r.AllowedGroups) {
		findings = append(findings, Finding{Found: fmt.Sprintf("gid %d not allowed", u.GID) +
			r.cannotRun(s), Allowed: r.groups(r.AllowedGroups), Fix: r.fixGroup()})
	}
	var bad []string
	for _, g := range u.AdditionalGids {
		if !r.groupFine(s, g, r.AllowedSupplementalGroups) {
			bad = append(bad, strconv.FormatUint(uint64(g), 10))
		}
	}
	if len(bad) > 0 {
		findings = append(findings, listing("additional groups ", bad, " not allowed").with(r.groups(r.AllowedSupplementalGroups),
			"change spec.securityContext.supplementalGroups and fsGroup, or the groups that the image gives to the user"))
	}
	return findings
}

func (r *RunAsNonRoot) fixUser(s *Subject) string {
	uid, _ := r.user(s)
	users, _ := r.usersOf(s)
	if uid = firstAllowed(uid, users); s.hasNamespace(specs.UserNamespace) && !isMapped(s.Spec.Linux.UIDMappings, uid) {
		return "" // the pod cannot have it either
	}
	return fmt.Sprintf("set securityContext.runAsUser: %d", uid)
}

func (r *RunAsNonRoot) fixGroup() string {
	return fmt.Sprintf("set securityContext.runAsGroup: %d", firstAllowed(r.group(), r.AllowedGroups))
}

// firstAllowed is the id if it is allowed, or the first one that is; 0 never.
func firstAllowed(id uint32, allowed []IDRange) uint32 {
	if !inRanges(allowed, id) {
		first := slices.MinFunc(allowed, func(a, b IDRange) int { return cmp.Compare(a.Min, b.Min) })
		id = max(first.Min, 1)
	}
	return id
}

func (r *RunAsNonRoot) readsMore() input {
	if r.AllowUserNamespaceRoot {
		return sandbox
	}
	return 0
}

// unchangedID is (uid_t)-1.
const unchangedID = math.MaxUint32

// effective is the id that the process may get.
func effective(id uint32) uint32 {
	if id == unchangedID {
		return 0
	}
	return id
}

func (r *RunAsNonRoot) userFine(s *Subject, uid uint32) bool {
	if uid = effective(uid); uid == 0 {
		return r.AllowUserNamespaceRoot && s.userNamespace()
	}
	users, ok := r.usersOf(s)
	return ok && inRanges(users, uid) && !s.isHostUser(uid)
}

func (r *RunAsNonRoot) groupFine(s *Subject, gid uint32, allowed []IDRange) bool {
	if gid = effective(gid); gid == 0 && r.AllowUserNamespaceRoot && s.userNamespace() {
		return true
	}
	if s.isHostGroup(gid) && (r.ForbidRootGroup || !inRanges(allowed, 0)) {
		return false
	}
	return inRanges(allowed, gid) && !(gid == 0 && r.ForbidRootGroup)
}

func usersText(users []IDRange) string {
	if len(users) == 0 {
		return "any uid but 0"
	}
	return joinRanges(users)
}

func (r *RunAsNonRoot) groups(allowed []IDRange) string {
	switch {
	case len(allowed) == 0:
		return "any gid but 0"
	case r.ForbidRootGroup && inRanges(allowed, 0):
		return joinRanges(allowed) + " but not 0"
	default:
		return joinRanges(allowed)
	}
}

func inRanges(ranges []IDRange, id uint32) bool {
	return len(ranges) == 0 || slices.ContainsFunc(ranges, func(r IDRange) bool { return r.Min <= id && id <= r.Max })
}

func joinRanges(ranges []IDRange) string {
	out := make([]string, len(ranges))
	for i, r := range ranges {
		out[i] = r.String()
	}
	return strings.Join(out, ", ")
}
