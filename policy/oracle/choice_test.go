package oracle

// choice makes choices by the bytes of a fuzzer's input.
type choice struct {
	left []byte
}

// n is a number below the limit; 0 when there are no bytes left.
func (c *choice) n(limit int) int {
	if len(c.left) == 0 {
		return 0
	}
	b := c.left[0]
	c.left = c.left[1:]
	return int(b) % limit
}

func (c *choice) yes() bool { return c.n(2) == 1 }

func (c *choice) more() bool { return len(c.left) > 0 }

func pick[T any](c *choice, from ...T) T { return from[c.n(len(from))] }

// some picks up to a number of elements, in any order, an element more than once.
func some[T any](c *choice, atMost int, from ...T) []T {
	var out []T
	for range c.n(atMost + 1) {
		out = append(out, pick(c, from...))
	}
	return out
}
