package recordsize_test

import (
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// What NRI does, in versions 0.8 to 0.12.5 alike: pkg/adaptation/plugin.go,
// synchronize and recalcObjsPerSyncMsg, with the sizes of messages in place of
// messages. ttrpc refuses to send more than 4 MiB (channel.go).
const (
	maxMessage    = 4 << 20
	minPerMessage = 8
)

var (
	errGivesUp = errors.New("NRI gives up")
	errPanics  = errors.New("NRI panics: slice bounds out of range")
	errEndless = errors.New("NRI sends empty messages until its time is over")
)

// size is what an object takes in a SynchronizeRequest.
func size(m proto.Message) int { return 1 + protowire.SizeBytes(proto.Size(m)) }

// envelope is what is around the objects: the field more, and a ttrpc request
// with service, method, payload and timeout.
const envelope = 2 + (2 + len("nri.pkg.api.v1alpha1.Plugin")) + (2 + len("Synchronize")) + 5 + 10

// splits tells what becomes of pods and containers of these sizes, and how
// many messages it takes, those that are too large too.
func splits(pods, ctrs []int) (messages int, err error) {
	podsPerMsg, ctrsPerMsg := len(pods), len(ctrs)
	for {
		if podsPerMsg > len(pods) || ctrsPerMsg > len(ctrs) {
			return messages, errPanics
		}
		messages++
		length := envelope + sum(pods[:podsPerMsg]) + sum(ctrs[:ctrsPerMsg])
		if length > maxMessage {
			if podsPerMsg+ctrsPerMsg <= minPerMessage {
				return messages, errGivesUp
			}
			factor := math.Min(float64(maxMessage)/float64(length), 0.9)
			podsPerMsg, ctrsPerMsg = int(float64(podsPerMsg)*factor), int(float64(ctrsPerMsg)*factor)
			if podsPerMsg+ctrsPerMsg < minPerMessage {
				podsPerMsg, ctrsPerMsg = minPerMessage/2, minPerMessage/2
			}
			continue
		}
		if podsPerMsg == len(pods) && ctrsPerMsg == len(ctrs) {
			return messages, nil
		}
		if podsPerMsg == 0 && ctrsPerMsg == 0 {
			return messages, errEndless
		}
		pods, ctrs = pods[podsPerMsg:], ctrs[ctrsPerMsg:]
		podsPerMsg, ctrsPerMsg = min(podsPerMsg, len(pods)), min(ctrsPerMsg, len(ctrs))
	}
}

func sum(sizes []int) int {
	n := 0
	for _, s := range sizes {
		n += s
	}
	return n
}

func sizes[M proto.Message](all []M) []int {
	out := make([]int, len(all))
	for i, m := range all {
		out[i] = size(m)
	}
	return out
}
