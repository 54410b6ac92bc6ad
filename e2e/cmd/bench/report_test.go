package main

import (
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	ms := func(from, to int) (times []time.Duration) {
		for i := from; i <= to; i++ {
			times = append(times, time.Duration(i)*time.Millisecond)
		}
		return times
	}
	for _, test := range []struct {
		times []time.Duration
		p     int
		want  float64
	}{
		{nil, 50, 0},
		{ms(7, 7), 50, 7},
		{ms(7, 7), 95, 7},
		{ms(1, 200), 50, 100},
		{ms(1, 200), 95, 190},
		{ms(1, 3), 50, 2},
	} {
		if got := percentile(test.times, test.p); got != test.want {
			t.Errorf("p%d of %d times = %v, want %v", test.p, len(test.times), got, test.want)
		}
	}
}

func TestTimesAddsThePhasesOfEachContainer(t *testing.T) {
	c := condition{create: []time.Duration{3, 1}, start: []time.Duration{10, 20}}
	got := c.times("create+start")
	if len(got) != 2 || got[0] != 13 || got[1] != 21 {
		t.Errorf("times %v", got)
	}
}
