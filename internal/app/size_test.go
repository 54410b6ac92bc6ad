package app

import (
	"strings"
	"testing"

	logtest "github.com/sirupsen/logrus/hooks/test"
)

func TestMaxContainerSize(t *testing.T) {
	for text, want := range map[string]string{ // the warning; ! is an error
		"0": "maxContainerSize is 0: ", "64Ki": "", "256Ki": "", "262144": "", "257Ki": "maxContainerSize is 257Ki: above 256Ki, the runtime may be unable",
		"1Gi": "above 256Ki", "63Ki": "!", "2Gi": "!", "-1": "!", "many": "!", "": "!", "0Ki": "!",
	} {
		var m MaxContainerSize
		err := m.UnmarshalText([]byte(text))
		if err != nil || want == "!" {
			if err == nil || want != "!" || !strings.Contains(err.Error(), "allowed: 0 for no limit, or from 64Ki to 1Gi") {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		logger, hook := logtest.NewNullLogger()
		m.warn(logger)
		if e := hook.LastEntry(); (e == nil) != (want == "") || e != nil && !strings.Contains(e.Message, want) {
			t.Errorf("%q: %v", text, e)
		}
	}
}
