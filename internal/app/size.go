package app

import (
	"context"
	"fmt"

	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin"
	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/cri"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/policy"
)

// MaxContainerSize is a size in bytes; 0 is no limit.
type MaxContainerSize int64

// UnmarshalText reads 0, or a size such as 256Ki that is large enough for ordinary
// containers.
func (m *MaxContainerSize) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*m = 0
		return nil
	}
	var q policy.Quantity
	if err := q.UnmarshalText(text); err != nil || q < recordsize.MinContainer || q > 1<<30 {
		return fmt.Errorf("%q is not a container size (allowed: 0 for no limit, or from %s to 1Gi, such as 256Ki)", text,
			policy.Quantity(recordsize.MinContainer))
	}
	*m = MaxContainerSize(q)
	return nil
}

func (m MaxContainerSize) limits() recordsize.Limits {
	if m == 0 {
		return recordsize.Limits{}
	}
	return recordsize.LimitsFor(int(m))
}

// warn says what a value means that is not safe.
func (m MaxContainerSize) warn(log logrus.FieldLogger) {
	switch limits := m.limits(); {
	case limits.Guaranteed():
	case limits.Container == 0:
		log.Warn("maxContainerSize is 0: containers with a large environment can keep the agent from ever connecting again, and then " +
			"nothing is judged")
	default:
		log.Warnf("maxContainerSize is %s: above %s, the runtime may be unable to report the running containers when the agent connects "+
			"again; until it can, nothing is judged",
			policy.Quantity(m), policy.Quantity(recordsize.DefaultContainer))
	}
}

// Oversized returns what is too large, of the runtime at the socket. If the agent's limit
// is not safe, it applies the safe one.
func (m MaxContainerSize) Oversized(ctx context.Context, socket string) ([]*recordsize.TooLarge, error) {
	c, err := cri.New(socket)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	records, err := c.Records(ctx)
	if err != nil {
		return nil, err
	}
	return m.limits().Safe().Oversized(records), nil
}

// listings returns what lists the records of a runtime, by its name.
func listings(onContainerd, onCRIO plugin.RecordLister) func(runtime string) (plugin.RecordLister, error) {
	return func(runtime string) (plugin.RecordLister, error) {
		switch runtime {
		case containerruntime.Containerd:
			return onContainerd, nil
		case containerruntime.CRIO:
			return onCRIO, nil
		default:
			return nil, fmt.Errorf("the runtime %q is not known", runtime)
		}
	}
}
