package policy

import (
	"errors"
	"slices"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Subject is one container, about to be created, that is to be judged.
type Subject struct {
	Pod       Pod
	Container Container

	// Spec is the OCI runtime spec. If it is Partial, it holds only what NRI shows: what every
	// version of NRI shows, and what ShowsMore says.
	Spec *specs.Spec

	// ShowsMore: a Partial spec also has the container's seccomp
	// profile and its sysctls, if there are any.
	ShowsMore bool

	// Host shows facts about the node; nil if none can be known.
	Host Host

	// MountsUnverified says why the kernel's mounts for the container cannot be compared with
	// what is judged; "" if they will be. Otherwise a path of the host that a container can
	// replace is denied.
	MountsUnverified string

	// RequestJudged: the spec as it came was judged before. Spec may have been adjusted since, and
	// rules that are checked against the spec as it came (on: request) are not asked again.
	RequestJudged bool

	// AdjustsOnce: nothing can adjust the container after a Partial spec was judged. Rules of which
	// it is not known yet whether they are for the container then do not adjust it.
	AdjustsOnce bool

	// Time is the time of the judgement, which decides which exceptions apply; zero: now.
	Time time.Time

	// Done ends the judgement when it is closed, like a context's. A judgement that was ended
	// denies. nil: never.
	Done <-chan struct{}

	memory
}

// ready is the subject with defaults for what is not given, about to be judged.
func (s Subject) ready() Subject {
	if s.Host == nil {
		s.Host = NoHost{}
	}
	if s.Time.IsZero() {
		s.Time = time.Now()
	}
	s.came = s.Spec
	return s
}

// ended reports whether the judgement is to end. Once it is, whatever a rule finds
// does not matter any more.
func (s *Subject) ended() bool {
	select {
	case <-s.Done:
		return true
	default:
		return false
	}
}

// errEnded is about what was not looked at because the judgement has ended.
var errEnded = errors.New("the judgement has ended")

// memory is what one evaluation notes on its subject.
type memory struct {
	// settled remembers what is costly to find out. It is nil while rules may
	// still edit Spec.
	settled *settled

	// seccomp is what rules that adjust want of the seccomp profile.
	seccomp seccompWish

	// came is the spec that is judged, before rules adjust it.
	came *specs.Spec

	// adjusting: rules adjust Spec, and the seccomp profile is still that of the spec that came.
	adjusting bool

	// placed are the mount points at which adjusting has put mounts in.
	placed []string

	// paths are the host's paths resolved so far in this decision.
	paths map[string]resolution

	// locations are where paths of the host are in its file systems.
	locations map[string]located

	// writable are the paths of the host that any policy of the set allows to
	// mount writable; places are where they lead, once it is known.
	writable, places []string
}

// settled are facts about a spec that nothing edits any more.
type settled struct {
	origins map[*specs.Mount]origin

	// hostMounts are listed once.
	hostMounts []hostMount
	listed     bool

	// movable is what of that name finds, once.
	movable      []string
	movableFound bool
}

// settle declares that nothing edits the spec from now on.
func (s *Subject) settle() {
	s.settled = &settled{origins: make(map[*specs.Mount]origin, len(s.Spec.Mounts))}
}

// Pod is the pod that a container belongs to.
type Pod struct {
	Name, Namespace, UID, ID string
	Labels                   map[string]string
	RuntimeHandler           string

	// LabelsUnseen: Labels are not known.
	LabelsUnseen bool

	// Annotations are the pod's. Those that configure OCI runtimes are enough
	// (ObeyedAnnotations).
	Annotations map[string]string

	// Unseen: what is empty of Namespace and UID is not known. Else a pod has none.
	Unseen bool

	// LinuxNamespaces lists the types of the namespaces that the pod has of its own ("network",
	// "pid", "ipc", ...). A type that is missing is the host's. nil: not known, only the
	// container's spec shows them.
	LinuxNamespaces []string

	// LinuxNamespacePaths are the paths that lead to the pod's own namespaces, by type. The
	// paths of a missing type are not known.
	LinuxNamespacePaths map[string][]string

	// HostNamespaces lists the types of the namespaces in the container's spec whose paths lead
	// to the host's own. If this cannot be found out, NamespacePathsUnseen is true.
	HostNamespaces       []string
	NamespacePathsUnseen bool

	// Sandbox is what was asked of the runtime for the pod as a whole; nil if it is not known. A
	// rule that reads it then finds nothing: the caller must get it (Selection.Sandbox), or say
	// that it was not seen.
	Sandbox *Sandbox
}

// Sandbox is what a pod has that its containers' specs do not show.
type Sandbox struct {
	// Sysctls are set in the pod's namespaces when its sandbox starts.
	Sysctls map[string]string

	// HostPorts are the ports of the host that lead to the pod. If nothing shows them,
	// HostPortsUnseen is true.
	HostPorts       []HostPort
	HostPortsUnseen bool

	// UIDMappings and GIDMappings are those of the pod's user namespace; nil
	// where it has none.
	UIDMappings, GIDMappings []specs.LinuxIDMapping
}

// HostPort is a port of the host that is forwarded to a pod.
type HostPort struct {
	Port     int32
	Protocol string // TCP, UDP or SCTP
	HostIP   string // "" for all of the host's
}

// Container names a container.
type Container struct {
	Name, ID string

	// Image is the reference under which the runtime stores the image; "" while it is not
	// known. OtherImages are further references, such as the one that was asked for. Any client
	// of CRI can claim them: a policy selects by any of them.
	Image       string
	OtherImages []string

	// ImageUnseen: nothing on this node will show Image. Only OtherImages, if there are any,
	// are known.
	ImageUnseen bool

	// Seccomp is the seccomp profile that the container asked its runtime for; "" if nothing
	// shows it.
	Seccomp SeccompPattern
}

// linux gives the spec's part for Linux to edit; it makes one where there is
// none.
func (s *Subject) linux() *specs.Linux {
	if s.Spec.Linux == nil {
		s.Spec.Linux = &specs.Linux{}
	}
	return s.Spec.Linux
}

// sharesHost reports whether the container runs in the host's namespace of the
// type. A pod's own namespaces are asked too, because a container's spec shows
// a path to the pod's network namespace even where that is the host's. CRI-O
// does so for IPC namespaces, of the pod too.
func (s *Subject) sharesHost(ns specs.LinuxNamespaceType) bool {
	if s.Pod.LinuxNamespaces != nil && !slices.Contains(s.Pod.LinuxNamespaces, string(ns)) {
		return true
	}
	return slices.Contains(s.Pod.HostNamespaces, string(ns)) || !s.hasNamespace(ns)
}

// hasNamespace reports whether the spec lists a namespace of the type.
func (s *Subject) hasNamespace(ns specs.LinuxNamespaceType) bool {
	return s.Spec.Linux != nil && slices.ContainsFunc(s.Spec.Linux.Namespaces,
		func(n specs.LinuxNamespace) bool { return n.Type == ns })
}

// userNamespace reports whether the container has a user namespace in which no
// user and no group is the host's 0. Of the pod's, which the container joins,
// the spec has the mappings that the caller of CRI claims, and some runtimes do
// not compare them: the sandbox's count too where it is known, and a namespace that
// is known to be the host's or another pod's is none.
func (s *Subject) userNamespace() bool {
	return s.hasNamespace(specs.UserNamespace) && !s.joinsUsers() && avoidsRoot(s.Spec.Linux.UIDMappings) &&
		avoidsRoot(s.Spec.Linux.GIDMappings) &&
		(s.Pod.Sandbox == nil || avoidsRoot(s.Pod.Sandbox.UIDMappings) && avoidsRoot(s.Pod.Sandbox.GIDMappings))
}

// joinsUsers reports whether the container is known to join another user namespace
// than its pod's.
func (s *Subject) joinsUsers() bool {
	return slices.Contains(s.Pod.HostNamespaces, string(specs.UserNamespace)) ||
		slices.ContainsFunc(s.Spec.Linux.Namespaces, func(n specs.LinuxNamespace) bool {
			return n.Type == specs.UserNamespace && n.Path != "" && joinsOthers(s, n)
		})
}

// avoidsRoot reports whether there are mappings and none leads to the host's 0.
func avoidsRoot(mappings []specs.LinuxIDMapping) bool {
	return len(mappings) > 0 && !slices.ContainsFunc(mappings, func(m specs.LinuxIDMapping) bool { return m.HostID == 0 && m.Size > 0 })
}
