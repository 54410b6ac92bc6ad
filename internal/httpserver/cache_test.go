package httpserver

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// TestCache: however many ask, the value is computed once a second, and each
// gets one that is no older than that.
func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, times := time.Now(), 0
		c := NewCache(func(context.Context) time.Time { times++; return time.Now() })
		for time.Since(start) < time.Minute {
			for range 10 {
				if age := time.Since(c.Get(t.Context())); age > time.Second {
					t.Fatalf("after %s it is %s old", time.Since(start), age)
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
		if times < 60 || times > 60+freshBurst {
			t.Errorf("computed %d times in a minute", times)
		}
		time.Sleep(time.Minute)
		if age := time.Since(c.Get(t.Context())); age != 0 {
			t.Errorf("after a pause it is %s old", age)
		}
	})
}

// TestCacheSharesTheWait: who asks while the value is computed gets that one, and
// a client that hangs up does not end it.
func TestCacheSharesTheWait(t *testing.T) {
	const takes = 300 * time.Millisecond
	var times atomic.Int64
	c := NewCache(func(ctx context.Context) error {
		times.Add(1)
		time.Sleep(takes)
		return ctx.Err()
	})
	ctx, hangUp := context.WithCancel(t.Context())
	time.AfterFunc(takes/3, hangUp)
	start := time.Now()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if err := c.Get(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if took := time.Since(start); times.Load() != 1 || took > 2*takes {
		t.Errorf("computed %d times in %s", times.Load(), took)
	}
}

// gathered counts how often it is asked.
type gathered struct {
	prometheus.Gatherer
	times atomic.Int64
	err   error
}

func (g *gathered) Gather() ([]*dto.MetricFamily, error) {
	g.times.Add(1)
	families, err := g.Gatherer.Gather()
	return families, errors.Join(err, g.err)
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "things_total", Help: "Things."})
	reg.MustRegister(c)
	c.Add(2)
	g := &gathered{Gatherer: reg}
	h := Metrics(g)
	ask := func(h http.Handler) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	for range 100 {
		res := ask(h)
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusOK || string(body) != "# HELP things_total Things.\n# TYPE things_total counter\nthings_total 2\n" {
			t.Fatalf("status %d, body %q", res.StatusCode, body)
		}
		if got := res.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4; charset=utf-8") {
			t.Fatalf("content type %q", got)
		}
		res.Body.Close()
	}
	if got := g.times.Load(); got > freshBurst+2 {
		t.Errorf("gathered %d times", got)
	}
	res := ask(Metrics(&gathered{Gatherer: reg, err: errors.New("no disk")}))
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusInternalServerError || string(body) != "gather metrics: no disk\n" {
		t.Errorf("status %d, body %q", res.StatusCode, body)
	}
}
