package build

import "testing"

func TestUnstaged(t *testing.T) {
	got, err := unstaged([]byte(`module k8s.io/kubernetes

go 1.26.0

godebug default=go1.26

require k8s.io/api v0.0.0

replace k8s.io/api => ./staging/src/k8s.io/api
`))
	want := `module specguard.invalid/kubernetes

go 1.26.0

godebug default=go1.26

require (
	k8s.io/api v0.0.0
	k8s.io/kubernetes v` + KubernetesVersion + `
)

replace k8s.io/api => k8s.io/api v0.` + KubernetesVersion[len("1."):] + `
`
	if err != nil || string(got) != want {
		t.Errorf("error %v\n%s", err, got)
	}
}
