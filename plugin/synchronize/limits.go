// Package synchronize bounds what the containers of a node bring along, so that
// the runtime can always tell the agent of all of them.
//
// When a plugin connects, NRI tells it of every pod and container (Synchronize)
// in messages of at most 4 MiB. It begins with all of them in one message. When
// that is too large, it sends fewer pods and fewer containers at a time, in
// proportion, rounded down; and the numbers only ever become smaller
// (github.com/containerd/nri up to 0.12.5, pkg/adaptation/plugin.go,
// synchronize and recalcObjsPerSyncMsg). That fails in three ways:
//
//   - it gives up when 8 pods and containers do not fit into a message;
//   - the runtime panics when fewer than 8 would fit and there are not 4 pods
//     and 4 containers left;
//   - it sends empty messages until its time is over, when the number of pods,
//     or of containers, has been rounded to 0 and there are some left.
//
// A plugin that is not told has no connection, and the runtime works without it.
// So nothing may bring so much that one of them happens. The first two need large
// containers. The third needs large ones and many small ones: so what pods have
// beyond the ordinary has a limit, too, that they share.
package synchronize

// The limits that hold with the default of a container's, in bytes. The test
// TestAlwaysSynchronizes has them hold in any order of pods and containers:
// containerd's is random, and CRI-O's is that of creation, which whoever creates
// pods can choose.
const (
	DefaultContainer = 256 << 10

	// MinContainer is the smallest limit of a container that can be configured:
	// ordinary ones have some 16 KiB.
	MinContainer = 64 << 10

	defaultNode = 2 << 20

	// counts is what the smallest container counts as in its pod: as little as
	// it is, it makes more containers for a pod.
	counts = 16 << 10

	// A pod that has no more than freePod with its containers, and freeSandbox
	// without, counts nothing for the node. So no pod can use up what ordinary
	// ones need.
	freePod     = 128 << 10
	freeSandbox = 16 << 10
)

// Limits are in bytes of what NRI sends: its protobuf messages.
type Limits struct {
	Container int // one container, or one pod without its containers; 0 is no limit at all
	Node      int // what all pods have beyond 128 KiB with their containers, or 16 KiB without
}

// LimitsFor are the limits for a container's.
func LimitsFor(container int) Limits {
	return Limits{Container: container, Node: max(defaultNode, 8*container)}
}

// Safe are the limits themselves where they guarantee something, else the default
// ones.
func (l Limits) Safe() Limits {
	if l.Guaranteed() {
		return l
	}
	return LimitsFor(DefaultContainer)
}

// Guaranteed reports whether everything within the limits can be told.
func (l Limits) Guaranteed() bool { return l.Container > 0 && l.Container <= DefaultContainer }
