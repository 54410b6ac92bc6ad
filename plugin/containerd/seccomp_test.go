package containerd

import (
	"testing"

	"google.golang.org/protobuf/types/known/anypb"

	"github.com/specguard/specguard/plugin/judge"
)

func TestSeccompOf(t *testing.T) {
	config := func(seccomp string) string {
		return `{"Version":"v1","Metadata":{"ID":"c1","Config":{"metadata":{"name":"a"},"linux":{"security_context":{` + seccomp + `}}}}}`
	}
	for text, want := range map[string]judge.SeccompRequest{
		config(`"seccomp":{}`):                                             {Name: "RuntimeDefault"},
		config(`"seccomp":{"profile_type":1}`):                             {Name: "Unconfined"},
		config(`"seccomp":{"profile_type":2,"localhost_ref":"/s/a.json"}`): {Localhost: "/s/a.json"},
		config(`"seccomp":{"profile_type":3}`):                             {},
		config(``):                                                         {},
		`{"Version":"v2","Metadata":{"ID":"c1","Config":{"metadata":{},"linux":{"security_context":{"seccomp":{}}}}}}`: {},
		`{"Version":"v1","Metadata":{"ID":"c2","Config":{"metadata":{},"linux":{"security_context":{"seccomp":{}}}}}}`: {},
		`{"Version":"v1","Metadata":{"ID":"c1"}}`: {},
		`{`: {},
	} {
		if got := seccompOf("c1", &anypb.Any{Value: []byte(text)}); got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	if got := seccompOf("c1", nil); got != (judge.SeccompRequest{}) {
		t.Errorf("none: %+v", got)
	}
}
