package policy

import (
	"strings"
	"testing"
)

func TestQuantity(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want int64
		out  string
	}{
		{"1", 1, "1"},
		{"1024", 1024, "1Ki"},
		{"256Mi", 256 << 20, "256Mi"},
		{"1Gi", 1 << 30, "1Gi"},
		{"3Ti", 3 << 40, "3Ti"},
		{"1536Mi", 1536 << 20, "1536Mi"},
		{"5k", 5000, "5k"},
		{"7M", 7e6, "7M"},
		{"1G", 1e9, "1G"},
		{"2T", 2e12, "2T"},
		{"9223372036854775807", 1<<63 - 1, "9223372036854775807"},
	} {
		var q Quantity
		if err := q.UnmarshalText([]byte(tt.in)); err != nil || int64(q) != tt.want || q.String() != tt.out {
			t.Errorf("%q: %d %q, %v, want %d %q", tt.in, q, q, err, tt.want, tt.out)
		}
	}
	for _, in := range []string{"", "0", "0Mi", "-1", "-1Mi", "1.5Gi", "1e3", "1 Gi", "Gi", "1KI", "1K", "1m", "0x10", "+1", "99999999999999999999", "unlimited"} {
		q := Quantity(7)
		err := q.UnmarshalText([]byte(in))
		if err == nil || q != 7 || !strings.Contains(err.Error(), "(allowed: a whole number above 0, with k, M, G, T, Ki, Mi, Gi or Ti)") {
			t.Errorf("%q: %d, %v", in, int64(q), err)
		}
	}
	var q Quantity
	if err := q.UnmarshalText([]byte("8388608Ti")); err == nil || err.Error() != `"8388608Ti" is too large` {
		t.Errorf("8388608Ti: %d, %v", int64(q), err)
	}
}

func TestCPU(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want CPU
		out  string
	}{
		{"2", 2000, "2"}, {"500m", 500, "500m"}, {"0.5", 500, "500m"}, {"1.25", 1250, "1250m"},
		{"0.001", 1, "1m"}, {"3000m", 3000, "3"}, {"02", 2000, "2"}, {"999999.999", 999999999, "999999999m"},
	} {
		var c CPU
		if err := c.UnmarshalText([]byte(tt.in)); err != nil || c != tt.want || c.String() != tt.out {
			t.Errorf("%q: %d %q, %v, want %d %q", tt.in, int64(c), c, err, int64(tt.want), tt.out)
		}
	}
	for _, in := range []string{"", "0", "0m", "0.0", "0.000", "-1", "1.", ".5", "0.0001", "1e3", "two", "1.5m", "1000000", "1 "} {
		c := CPU(7)
		if err := c.UnmarshalText([]byte(in)); err == nil || c != 7 || !strings.Contains(err.Error(), "is not an amount of CPU (allowed: ") {
			t.Errorf("%q: %d, %v", in, int64(c), err)
		}
	}
}
