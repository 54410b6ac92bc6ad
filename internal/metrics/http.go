package metrics

import "github.com/prometheus/client_golang/prometheus"

// HTTP counts connections to the port of metrics and probes. It is safe for concurrent use.
type HTTP struct {
	accepted, shed prometheus.Counter
}

// NewHTTP returns an HTTP and registers its metrics.
func NewHTTP(reg prometheus.Registerer) *HTTP {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "specguard", Subsystem: "http", Name: name, Help: help})
	}
	h := &HTTP{
		accepted: counter("connections_total", "Connections to the port of metrics and probes."),
		shed: counter("connections_shed_total",
			"Connections to the port of metrics and probes that were closed for newer ones before they had an answer, or refused."),
	}
	reg.MustRegister(h.accepted, h.shed)
	return h
}

// Accepted counts an accepted connection.
func (h *HTTP) Accepted() { h.accepted.Inc() }

// Shed counts a connection that is not answered.
func (h *HTTP) Shed() { h.shed.Inc() }
