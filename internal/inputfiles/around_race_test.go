package inputfiles

import (
	"fmt"
	"sync"
	"testing"
)

// TestUnfinishedAtOnce is for the race detector.
func TestUnfinishedAtOnce(t *testing.T) {
	tree(t, map[string]string{"web/Chart.yaml": "", "kust/kustomization.yaml": "patches: [{path: a.yaml}]\n"})
	a := NewAround()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			a.Unfinished("kust/a.yaml", nil)
			a.Unfinished(fmt.Sprintf("web/templates/%d.yaml", i), []byte("{{"))
			a.Unfinished(fmt.Sprintf("%d/a.yaml", i), nil)
		})
	}
	wg.Wait()
}
