// Package recordsize bounds the size of NRI's records of pods and containers, so
// that the runtime can always report all of them to the agent.
//
// When a plugin connects, NRI reports every pod and container (Synchronize) in
// messages of at most 4 MiB. It first tries one message with all of them. If that
// is too large, it sends fewer pods and fewer containers at a time, in proportion
// and rounded down, and these numbers never grow again (github.com/containerd/nri up
// to 0.12.5, pkg/adaptation/plugin.go, synchronize and recalcObjsPerSyncMsg). This
// fails in three ways:
//
//   - NRI gives up when 8 pods and containers do not fit into a message;
//   - the runtime panics when fewer than 8 would fit, and fewer than 4 pods and 4
//     containers are left;
//   - NRI sends empty messages until its time is over, when the number of pods, or
//     of containers, has been rounded to 0 and some are left.
//
// A plugin that does not get the report has no connection, and the runtime works
// without it. So records must be small enough that none of these happens. The first
// two need large records. The third needs large records and many small ones. That
// is why pods also share a limit on how far they exceed the ordinary size.
package recordsize

// Sizes are in bytes. TestAlwaysSynchronizes checks the default limits with pods and
// containers in any order: containerd's order is random, and CRI-O's is the order of
// creation, which the creator of pods chooses.
const (
	// DefaultContainer is the default limit of a container's record.
	DefaultContainer = 256 << 10

	// MinContainer is the smallest limit that can be configured. Ordinary records
	// have some 16 KiB.
	MinContainer = 64 << 10

	defaultNode = 2 << 20

	// counts is the least that a record counts in its pod, because even a small
	// container is one more container to report.
	counts = 16 << 10

	// A pod of at most freePod with its containers, and freeSandbox without, counts
	// nothing for the node. So no pod can use up what ordinary pods need.
	freePod     = 128 << 10
	freeSandbox = 16 << 10
)

// Limits are sizes of NRI's protobuf messages, in bytes.
type Limits struct {
	Container int // of one container, or of one pod without its containers; 0: nothing is limited
	Node      int // of what all pods together have beyond 128 KiB each with containers, or 16 KiB without
}

// LimitsFor returns the limits with the given limit of a container's record.
func LimitsFor(container int) Limits {
	return Limits{Container: container, Node: max(defaultNode, 8*container)}
}

// Safe returns the limits if they guarantee that NRI can report everything, and the
// default limits if not.
func (l Limits) Safe() Limits {
	if l.Guaranteed() {
		return l
	}
	return LimitsFor(DefaultContainer)
}

// Guaranteed reports whether NRI can report everything that is within the limits.
func (l Limits) Guaranteed() bool { return l.Container > 0 && l.Container <= DefaultContainer }
