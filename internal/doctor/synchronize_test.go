package doctor

import (
	"context"
	"errors"
	"testing"

	"github.com/specguard/specguard/plugin/recordsize"
)

func TestSynchronize(t *testing.T) {
	large := recordsize.LimitsFor(recordsize.DefaultContainer).Oversized([]recordsize.Record{
		{Namespace: "team-a", Pod: "web-0", SandboxID: "5d1c", Container: "app", ID: "9b7e", Size: 1 << 20, Parts: "environment 1 MiB"},
	})
	for name, test := range map[string]struct {
		found []*recordsize.TooLarge
		err   error
		want  want
	}{
		"none":      {nil, nil, want{OK, "containerd: no pod or container is too large"}},
		"one":       {large, nil, want{Problem, "containerd: 1 too large for NRI"}},
		"not known": {nil, errors.New("no answer"), want{Warning, "no answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := fake(t, nil)
			serveCRI(t, n.ContainerdSocket, "containerd", "2.4.2")
			n.Oversized = func(_ context.Context, socket string) ([]*recordsize.TooLarge, error) {
				if socket != n.ContainerdSocket {
					t.Errorf("asked %s", socket)
				}
				return test.found, test.err
			}
			got := run(t, checkSynchronize, inspected(t, n))
			expect(t, got, test.want)
			if len(test.found) > 0 && got[0].Details[0] != "team-a/web-0, container app: the container's record of 1 MiB is too large: environment 1 MiB (allowed: 256 KiB)" {
				t.Errorf("details %v", got[0].Details)
			}
		})
	}
}
