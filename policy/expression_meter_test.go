package policy

import (
	"fmt"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// longSpec has n of everything that a pod's author can have many of.
func longSpec(n int) *specs.Spec {
	s := &specs.Spec{Process: &specs.Process{}, Annotations: map[string]string{}}
	for i := range n {
		s.Mounts = append(s.Mounts, specs.Mount{
			Destination: fmt.Sprintf("/mnt/%d", i), Type: "bind", Source: fmt.Sprintf("/var/lib/kubelet/pods/3f2a/volumes/%d", i),
			Options: []string{"rbind", "ro"},
		})
		s.Process.Env = append(s.Process.Env, fmt.Sprintf("SERVICE_WITH_A_LONG_NAME_%d=1", i))
		s.Annotations[fmt.Sprintf("a%d", i)] = "b"
	}
	return s
}

// costly are expressions that compare much, one of each kind.
func costly() []string {
	return []string{
		`spec.mounts.all(m, m in spec.mounts)`,
		`spec.mounts.all(m, spec.mounts.exists_one(o, o.destination == m.destination))`,
		`spec.mounts.all(m, spec.mounts == spec.mounts)`,
		`spec.mounts.all(m, spec == spec)`,
		`sets.contains(spec.mounts, spec.mounts)`,
		`sets.equivalent(spec.mounts, spec.mounts)`,
		`sets.intersects(spec.mounts, spec.mounts.map(m, m))`,
		`sets.contains(spec.process.env, spec.process.env)`,
		`spec.process.env.hasOnly(spec.process.env)`,
		`spec.process.env.hasExactly(spec.process.env.map(e, e))`,
		`spec.mounts.map(m, m.destination).distinct().size() > 0`,
		`spec.process.env.distinct().size() > 0`,
		`spec.process.env.sort().size() > 0`,
		`spec.mounts.sortBy(m, m.destination).size() > 0`,
		`spec.process.env.all(e, e in spec.process.env)`,
		`spec.process.env.all(e, spec.process.env == spec.process.env)`,
		`spec.process.env.map(e, spec.process.env) == spec.process.env.map(e, spec.process.env)`,
		`spec.process.env.map(e, spec.process.env).flatten().size() > 0`,
		`spec.process.env.map(e, [spec.process.env]).flatten(2).size() > 0`,
		`spec.annotations.all(k, spec.annotations == spec.annotations)`,
		`spec.process.env.all(e, (spec.process.env + spec.process.env).size() > 0)`,
		`spec.process.env.all(e, spec.process.env.reverse().size() > 0)`,
		`spec.process.env.all(e, spec.process.env.slice(0, spec.process.env.size()).size() > 0)`,
		`spec.process.env.all(e, e.replace("_", spec.process.env.join(",")).size() > 0)`,
	}
}

// TestExpressionTime: no expression takes long, however long a pod's lists are.
// What is allowed here is for a busy machine and the race detector; without a
// bound some of these take minutes.
func TestExpressionTime(t *testing.T) {
	for _, n := range []int{1000, 20_000} {
		s := Subject{Spec: longSpec(n)}
		for _, text := range costly() {
			e, env := compiledExpression(t, text)
			start := time.Now()
			_, why := e.ask(env.variables(&s))
			took := time.Since(start)
			if t.Logf("%6d %8s %s %s", n, took.Round(time.Millisecond), text, why); took > 5*time.Second {
				t.Errorf("%d elements: %s took %s (%s)", n, text, took, why)
			}
		}
	}
}
