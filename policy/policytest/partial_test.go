package policytest

import (
	"encoding/json"
	"testing"
)

// TestMerge has examples of RFC 7396, appendix A.
func TestMerge(t *testing.T) {
	for _, c := range []struct{ target, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"a":"foo"}`, `{"a":{"b":{"c":null}}}`, `{"a":{"b":{}}}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		target, err := generic([]byte(c.target))
		if err != nil {
			t.Fatal(err)
		}
		patch, err := generic([]byte(c.patch))
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(merge(target, patch))
		if err != nil || string(got) != c.want {
			t.Errorf("%s with %s: %s, want %s", c.target, c.patch, got, c.want)
		}
		if again, _ := json.Marshal(target); string(again) != c.target {
			t.Errorf("%s was changed to %s", c.target, again)
		}
	}
}
