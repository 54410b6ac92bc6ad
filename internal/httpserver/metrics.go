package httpserver

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// page is what /metrics answers.
type page struct {
	text []byte
	err  error
}

// Metrics serves the gathered metrics as uncompressed Prometheus text. Clients share one
// text.
func Metrics(g prometheus.Gatherer) http.Handler {
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	cache := NewCache(func(context.Context) page { return gather(g, format) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := cache.Get(r.Context())
		if p.err != nil {
			http.Error(w, p.err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", string(format))
		_, _ = w.Write(p.text) // the client may be gone
	})
}

func gather(g prometheus.Gatherer, format expfmt.Format) page {
	families, err := g.Gather()
	if err != nil {
		return page{err: fmt.Errorf("gather metrics: %w", err)}
	}
	var text bytes.Buffer
	enc := expfmt.NewEncoder(&text, format)
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			return page{err: fmt.Errorf("encode metrics: %w", err)}
		}
	}
	return page{text: text.Bytes()}
}
