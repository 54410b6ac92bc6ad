package containerruntime

import (
	"strings"
	"testing"
)

func TestRefusesPods(t *testing.T) {
	for version, want := range map[string]bool{
		"containerd v1.7.35": true, "containerd 1.7.35": true, "containerd v2.0.0": false, "containerd v2.0.0-rc.1": false,
		"containerd v2.2.5": false, "containerd v2.2.6": true, "containerd v2.4.2": true, "containerd unknown": false,
		"cri-o 1.34.0": true, "other 1.0": false,
	} {
		runtime, v, _ := strings.Cut(version, " ")
		if got := (Runtime{runtime, v}).RefusesPods(); got != want {
			t.Errorf("%s: %v", version, got)
		}
	}
}
