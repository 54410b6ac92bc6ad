package breakage_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/breakage"
	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/policy"
)

func pod(podFields, containerFields string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: team-a}\nspec:\n  " + podFields +
		"\n  containers: [{name: app, image: web, " + containerFields + "}]\n"
}

// TestWarnings has each kind, and what is like it and needs no warning.
func TestWarnings(t *testing.T) {
	const (
		strip  = "capabilities: {onViolation: adjust, drop: [ALL]}"
		user   = "runAsNonRoot: {onViolation: adjust, runAsUser: 10001, runAsGroup: 10001}"
		over   = "runAsNonRoot: {onViolation: adjust, runAsUser: 10001, runAsGroup: 10001, allowedUsers: [{min: 10001, max: 10001}]}"
		mount  = "volumeMounts: [{name: v, mountPath: /v}]"
		secret = "volumes: [{name: v, secret: {secretName: s, defaultMode: 0400}}]"
		plain  = "automountServiceAccountToken: false"
	)
	for name, c := range map[string]struct {
		rules, pod, container string
		want                  []breakage.Kind
	}{
		"nothing adjusted":     {strip, plain, "securityContext: {capabilities: {drop: [ALL]}}", nil},
		"default capabilities": {strip, plain, "securityContext: {runAsUser: 7}", nil},
		"an added capability":  {strip, plain, "securityContext: {runAsUser: 7, capabilities: {add: [NET_ADMIN]}}", []breakage.Kind{breakage.AddedCapability}},
		"root stays":           {strip, plain, "securityContext: {}", []breakage.Kind{breakage.RootWithoutCapability}},
		"root stays with them": {"capabilities: {onViolation: adjust, drop: [NET_RAW]}", plain, "securityContext: {}", nil},
		"root had none":        {strip, plain, "securityContext: {capabilities: {drop: [CHOWN, SETUID, SETGID]}}", nil},
		"unusable": {
			user, plain, "securityContext: {capabilities: {drop: [ALL], add: [NET_RAW]}}", []breakage.Kind{breakage.UnusableCapability},
		},
		"unusable, beside the default": {
			user, plain, "securityContext: {capabilities: {add: [NET_ADMIN]}}", []breakage.Kind{breakage.UnusableCapability},
		},
		"of another user already": {
			over, plain, "securityContext: {runAsUser: 7, capabilities: {add: [NET_ADMIN]}}", []breakage.Kind{breakage.ChangedUser},
		},
		"the image's user":       {user, plain, "securityContext: {}", nil},
		"root of the pod's own":  {user, plain, "securityContext: {runAsUser: 0}", []breakage.Kind{breakage.ChangedUser}},
		"a user of the pod's":    {over, plain, "securityContext: {runAsUser: 7}", []breakage.Kind{breakage.ChangedUser}},
		"the pod's user stays":   {over, plain, "securityContext: {runAsUser: 10001, runAsGroup: 0}", nil},
		"a secret":               {user, plain + "\n  " + secret, mount, []breakage.Kind{breakage.UnreadableFiles}},
		"a secret for all":       {user, plain + "\n  volumes: [{name: v, secret: {secretName: s}}]", mount, nil},
		"a secret of the group":  {user, plain + "\n  securityContext: {fsGroup: 5}\n  " + secret, mount, nil},
		"an item of a secret":    {user, plain + "\n  volumes: [{name: v, secret: {secretName: s, items: [{key: k, path: k, mode: 0400}]}}]", mount, []breakage.Kind{breakage.UnreadableFiles}},
		"a projected secret":     {user, plain + "\n  volumes: [{name: v, projected: {defaultMode: 0440, sources: [{secret: {name: s}}]}}]", mount, []breakage.Kind{breakage.UnreadableFiles}},
		"the pod's secret":       {over, plain + "\n  " + secret, "securityContext: {runAsUser: 7}, " + mount, []breakage.Kind{breakage.ChangedUser}},
		"a token for all":        {user, "restartPolicy: Always", "securityContext: {}", nil},
		"a token of one user":    {user, "restartPolicy: Always", "securityContext: {runAsUser: 0}", []breakage.Kind{breakage.ChangedUser, breakage.UnreadableToken}},
		"a token of the group":   {user, "securityContext: {fsGroup: 5}", "securityContext: {runAsUser: 0}", []breakage.Kind{breakage.ChangedUser}},
		"a token of its own":     {user, plain + "\n  volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t}}]}}]", "securityContext: {runAsUser: 0}, " + mount, []breakage.Kind{breakage.ChangedUser, breakage.UnreadableToken}},
		"read-only":              {"readOnlyRootFilesystem: {onViolation: adjust}", plain, "securityContext: {}", []breakage.Kind{breakage.NoWritablePath}},
		"read-only but /tmp":     {"readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp]}", plain, "securityContext: {}", nil},
		"read-only but a volume": {"readOnlyRootFilesystem: {onViolation: adjust}", plain + "\n  volumes: [{name: v, emptyDir: {}}]", mount, nil},
		"a read-only volume":     {"readOnlyRootFilesystem: {onViolation: adjust}", plain + "\n  volumes: [{name: v, configMap: {name: c}}]", mount, []breakage.Kind{breakage.NoWritablePath}},
		"a limit":                {"resources: {onViolation: adjust, memory: {max: 1Gi}, cpu: {max: 1}}", plain, "resources: {requests: {memory: 1Gi, cpu: 1}}", nil},
		"below the request":      {"resources: {onViolation: adjust, memory: {max: 1Gi}, cpu: {max: 1}}", plain, "resources: {requests: {memory: 2Gi, cpu: 2}, limits: {memory: 3Gi}}", []breakage.Kind{breakage.LimitBelowRequest, breakage.LimitBelowRequest}},
		"the pod's own limit":    {"resources: {onViolation: adjust, pids: {max: 9}}", plain, "resources: {limits: {memory: 1Gi}}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := warnings(t, c.rules, pod(c.pod, c.container))
			var kinds []breakage.Kind
			for _, w := range got {
				kinds = append(kinds, w.Kind)
				if rule, _, _ := strings.Cut(c.rules, ":"); w.Policy != "p" || w.Rule != rule || w.Text == "" {
					t.Errorf("%+v", w)
				}
			}
			if !slices.Equal(kinds, c.want) {
				t.Errorf("%+v\nwant %v", got, c.want)
			}
		})
	}
}

func warnings(t *testing.T, rules, pod string) []breakage.Warning {
	t.Helper()
	set, err := policy.Compile(policy.Source{Name: "p", Data: []byte("apiVersion: " + policy.APIVersion +
		"\nkind: Policy\nmetadata: {name: p}\nspec:\n  rules:\n    " + rules + "\n")})
	if err != nil {
		t.Fatal(err)
	}
	containers, err := input.Read("f", []byte(pod))
	if err != nil {
		t.Fatal(err)
	}
	c := &containers[0]
	return breakage.Warnings(&c.Subject, c.Facts, set.Evaluate(c.Subject, policy.Complete))
}

// TestKinds: no kind is left out.
func TestKinds(t *testing.T) {
	if n := len(breakage.Kinds()); n != 9 {
		t.Errorf("%d kinds", n)
	}
}
