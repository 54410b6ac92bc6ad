// Package metrics counts and times decisions for Prometheus.
package metrics

import (
	"errors"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/policy"
)

// Recorder is a judge.Recorder that counts. It is safe for concurrent use.
type Recorder struct {
	decisions  *prometheus.CounterVec
	ifEnforced *prometheus.CounterVec
	results    *prometheus.CounterVec
	adjusted   *prometheus.CounterVec
	failures   *prometheus.CounterVec
	oversized  *prometheus.CounterVec
	shed       *prometheus.CounterVec
	stopped    prometheus.Counter
	wait       prometheus.Histogram
	evaluation *prometheus.HistogramVec
	total      *prometheus.HistogramVec
}

// New returns a Recorder and registers its metrics.
func New(reg prometheus.Registerer) *Recorder {
	r := &Recorder{
		decisions: counter("decisions_total", "Containers judged, by stage and outcome (allowed, adjusted, denied).",
			"stage", "outcome"),
		ifEnforced: counter("decisions_if_enforced_total",
			"What the outcome would be for containers that policies in mode audit match, if these were enforced.",
			"stage", "outcome"),
		results: counter("rule_results_total", "What rules did about containers, by outcome (denied, adjusted, audited, excepted).",
			"policy", "rule", "outcome"),
		adjusted: counter("adjustments_total", "Edits made to OCI specs.", "policy", "rule"),
		failures: counter("failures_total", "Containers that could not be judged. At stages create, open and start they do not start.", "stage"),
		oversized: counter("oversized_total",
			"Containers and pods that are larger than maxContainerSize allows, by outcome (refused, reported).", "outcome"),
		shed: counter("requests_shed_total", "Requests that were refused because they could not be judged within the runtime's timeout.",
			"stage"),
		wait: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "specguard", Name: "request_wait_seconds",
			Help:    "Time that the runtime's NRI requests waited until the agent began to handle them. It counts toward the runtime's timeout.",
			Buckets: []float64{.01, .05, .1, .2, .4, .8, 1.6, 3.2}}),
		stopped: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "specguard", Name: "stopped_total",
			Help: "Containers that violated policy when the agent connected, and were stopped."}),
		evaluation: histogram("evaluation_duration_seconds", "Time that the policies took for one container.",
			prometheus.ExponentialBuckets(5e-6, 2.5, 10)),
		total: histogram("request_duration_seconds",
			"Time from a request of the runtime to the answer; stage open is reading, judging and writing the spec.",
			prometheus.ExponentialBuckets(1e-4, 2.5, 11)),
	}
	reg.MustRegister(r.decisions, r.ifEnforced, r.results, r.adjusted, r.failures, r.oversized, r.shed, r.stopped, r.wait, r.evaluation,
		r.total)
	r.begin()
	return r
}

// begin has counters with few labels begin at 0: Prometheus sees no increase in
// a series that begins with what it counts.
func (r *Recorder) begin() {
	r.oversized.WithLabelValues("refused")
	r.oversized.WithLabelValues("reported")
	for _, s := range judge.Events() {
		r.failures.WithLabelValues(string(s))
		r.shed.WithLabelValues(string(s))
		for _, o := range policy.Outcomes() {
			r.decisions.WithLabelValues(string(s), string(o))
			r.ifEnforced.WithLabelValues(string(s), string(o))
		}
	}
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "specguard", Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "specguard", Name: name, Help: help, Buckets: buckets},
		[]string{"stage"})
}

// Decided counts a decision.
func (r *Recorder) Decided(e judge.Record) {
	r.decisions.WithLabelValues(string(e.Event), string(e.Decision.Outcome())).Inc()
	r.evaluation.WithLabelValues(string(e.Event)).Observe(e.Evaluation.Seconds())
	r.total.WithLabelValues(string(e.Event)).Observe(e.Total.Seconds())
	for _, v := range e.Decision.Violations {
		r.results.WithLabelValues(v.Policy, v.Rule, "denied").Inc()
	}
	for _, v := range e.Decision.Audit {
		r.results.WithLabelValues(v.Policy, v.Rule, "audited").Inc()
	}
	for _, x := range e.Decision.Excepted {
		r.results.WithLabelValues(x.Policy, x.Rule, "excepted").Inc()
	}
	if then := e.Decision.IfEnforced; then != nil {
		r.ifEnforced.WithLabelValues(string(e.Event), string(then.Outcome())).Inc()
	}
	if e.Stopped {
		r.stopped.Inc()
	}
	if e.Decision.Outcome() != policy.Adjusted {
		return
	}
	for _, a := range e.Decision.Adjustments {
		r.results.WithLabelValues(a.Policy, a.Rule, "adjusted").Inc()
		if e.Event != judge.EventExisting {
			r.adjusted.WithLabelValues(a.Policy, a.Rule).Inc()
		}
	}
}

// Failed counts a container that could not be judged, or whose record is too large.
func (r *Recorder) Failed(s judge.Event, _ policy.Pod, _ policy.Container, err error) {
	if large, ok := errors.AsType[*recordsize.TooLarge](err); ok {
		r.oversized.WithLabelValues(large.Outcome()).Inc()
		return
	}
	r.failures.WithLabelValues(string(s)).Inc()
	if errors.Is(err, request.ErrTimeout) {
		r.shed.WithLabelValues(string(s)).Inc()
	}
}

// Waited records how long a request has waited.
func (r *Recorder) Waited(d time.Duration) { r.wait.Observe(d.Seconds()) }

// State is what the agent reports about itself. It must be safe for concurrent use.
type State interface {
	Connected() bool                // to NRI
	SynchronizeFailures() uint64    // connections that ended before the runtime had listed what runs
	Oversized() int                 // pods and containers that are larger than the limit
	Generation() uint64             // policy sets so far
	PolicyCount() int               // current policies
	Builtin() bool                  // the built-in policy is the current one
	ReloadError() error             // why the folder's policies are not the current ones; nil if they are
	Exceptions() []policy.Exception // of the current policies
	Opener() string                 // its name; "" until a runtime has connected
}

// RegisterState registers gauges that read the agent's state when they are collected.
func RegisterState(reg prometheus.Registerer, s State) {
	gauge := func(name, help string, value func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "specguard", Name: name, Help: help}, value))
	}
	gauge("connected", "1 while the runtime sends its NRI requests to the agent.", func() float64 { return number(s.Connected()) })
	reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "specguard", Name: "nri_synchronize_failures_total",
		Help: "Connections that the runtime gave up before it had reported all containers to the agent."},
		func() float64 { return float64(s.SynchronizeFailures()) }))
	gauge("oversized_containers", "Containers and pods on the node that are larger than maxContainerSize, as far as the agent knows.",
		func() float64 { return float64(s.Oversized()) })
	gauge("policy_generation", "Counts the policy sets that were in force since the start.", func() float64 { return float64(s.Generation()) })
	gauge("policies", "Policies in force.", func() float64 { return float64(s.PolicyCount()) })
	gauge("builtin_policy", "1 while the built-in policy is in force because there are no policy files.",
		func() float64 { return number(s.Builtin()) })
	gauge("policy_reload_success", "1 if the policies were last read successfully; 0 if older ones are in force.",
		func() float64 { return number(s.ReloadError() == nil) })
	reg.MustRegister(newExceptions(s), newOpener(s))
}

// exceptions reports when the exceptions of the policies in force end.
type exceptions struct {
	state   State
	ends    *prometheus.Desc
	expired *prometheus.Desc
	never   *prometheus.Desc
}

func newExceptions(s State) exceptions {
	return exceptions{
		state: s,
		ends: prometheus.NewDesc("specguard_exception_end_timestamp_seconds",
			"When an exception ends, in seconds since 1970; +Inf: never. From then on it has no effect.", []string{"exception", "owner"}, nil),
		expired: prometheus.NewDesc("specguard_exceptions_expired", "Exceptions that have expired.", nil, nil),
		never:   prometheus.NewDesc("specguard_exceptions_without_end", "Exceptions that never expire.", nil, nil),
	}
}

// Describe names the metrics.
func (x exceptions) Describe(out chan<- *prometheus.Desc) {
	out <- x.ends
	out <- x.expired
	out <- x.never
}

// Collect reads them.
func (x exceptions) Collect(out chan<- prometheus.Metric) {
	now, expired, endless := time.Now(), 0, 0
	for _, e := range x.state.Exceptions() {
		ends := float64(e.Ends.Unix())
		switch {
		case e.Never():
			ends = math.Inf(1)
			endless++
		case e.Expired(now):
			expired++
		}
		out <- prometheus.MustNewConstMetric(x.ends, prometheus.GaugeValue, ends, e.Name, e.Owner)
	}
	out <- prometheus.MustNewConstMetric(x.expired, prometheus.GaugeValue, float64(expired))
	out <- prometheus.MustNewConstMetric(x.never, prometheus.GaugeValue, float64(endless))
}

// opener tells which opener is in use.
type opener struct {
	state State
	desc  *prometheus.Desc
}

func newOpener(s State) opener {
	return opener{state: s, desc: prometheus.NewDesc("specguard_opener_info",
		"1 for the way in which seals are opened (containerd, runtime, verify).", []string{"opener"}, nil)}
}

// Describe names the metric.
func (o opener) Describe(out chan<- *prometheus.Desc) { out <- o.desc }

// Collect reads it.
func (o opener) Collect(out chan<- prometheus.Metric) {
	if name := o.state.Opener(); name != "" {
		out <- prometheus.MustNewConstMetric(o.desc, prometheus.GaugeValue, 1, name)
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
