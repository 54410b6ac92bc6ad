package reload

import (
	"time"

	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/policy"
)

// expiry logs each exception that has expired, once.
type expiry struct {
	told map[string]time.Time // when the logged exceptions ended
}

func (x *expiry) report(exceptions []policy.Exception, now time.Time, log logrus.FieldLogger) {
	told := make(map[string]time.Time)
	for _, e := range exceptions {
		if !e.Expired(now) {
			continue
		}
		told[e.Name] = e.Ends
		if before, ok := x.told[e.Name]; ok && before.Equal(e.Ends) {
			continue
		}
		log.WithFields(logrus.Fields{"exception": e.Name, "owner": e.Owner, "reason": e.Reason, "ended": e.Ends.Format(time.RFC3339)}).
			Warn("an exception has expired")
	}
	x.told = told
}
