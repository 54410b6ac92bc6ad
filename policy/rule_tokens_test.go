package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

const tokenPlace = "/var/run/secrets/kubernetes.io/serviceaccount"

// withoutToken takes the token away that newSpec has.
func withoutToken(s *specs.Spec) {
	s.Mounts = slices.DeleteFunc(s.Mounts, func(m specs.Mount) bool { return m.Destination == tokenPlace })
}

func TestTokens(t *testing.T) {
	const api = podVolumes + "kubernetes.io~projected/kube-api-access-x7"
	const subPaths = "/var/lib/kubelet/pods/3f2a/volume-subpaths/"
	ro := func(at, source string) specs.Mount { return bind(at, source, "rbind", "rprivate", "ro") }
	empty := func(at string) specs.Mount { return bind(at, podVolumes+"kubernetes.io~empty-dir/a", "rbind", "rw") }
	for name, tt := range map[string]struct {
		rule   string
		mounts []specs.Mount
		found  string // where; "" for nothing
		stays  string // what of it adjusting leaves, and why, and the container is denied for
	}{
		"none":                          {``, []specs.Mount{empty("/a")}, "", ""},
		"the kubelet's":                 {``, []specs.Mount{ro(tokenPlace, api)}, tokenPlace, ""},
		"elsewhere":                     {``, []specs.Mount{ro("/data", api)}, "/data", ""},
		"twice":                         {``, []specs.Mount{ro(tokenPlace, api), ro("/data", api)}, tokenPlace + ", /data", ""},
		"a file of it":                  {``, []specs.Mount{ro("/t", api+"/token")}, "/t", ""},
		"a sub path of it":              {``, []specs.Mount{ro("/t", subPaths+"kube-api-access-x7/app/0")}, "/t", ""},
		"another pod's":                 {``, []specs.Mount{ro("/t", "/var/lib/kubelet/pods/4444/volumes/kubernetes.io~projected/kube-api-access-x7")}, "/t", ""},
		"of another kubelet":            {``, []specs.Mount{ro("/t", "/var/lib/k0s/kubelet/pods/3f2a/volumes/kubernetes.io~projected/kube-api-access-x7")}, "/t", ""},
		"writable":                      {``, []specs.Mount{bind("/t", api, "rbind", "rw")}, "/t", "/t (writable, so not removed)"},
		"one of them writable":          {``, []specs.Mount{bind("/t", api, "rbind", "rw"), ro("/u", api)}, "/t, /u", "/t (writable, so not removed)"},
		"in a volume":                   {``, []specs.Mount{empty("/var/run"), ro(tokenPlace, api)}, tokenPlace, tokenPlace + " (inside the mount /var/run, so not removed)"},
		"remounted":                     {``, []specs.Mount{bind("/t", api, "rbind", "ro", "remount")}, "/t", "/t (a remount, so not removed)"},
		"another projected volume":      {``, []specs.Mount{ro("/t", podVolumes+"kubernetes.io~projected/all-in-one")}, "", ""},
		"a secret":                      {``, []specs.Mount{ro("/t", podVolumes+"kubernetes.io~secret/web-token-x7")}, "", ""},
		"another volume in its place":   {``, []specs.Mount{empty(tokenPlace)}, "", ""},
		"a projected one in its place":  {``, []specs.Mount{ro(tokenPlace, podVolumes+"kubernetes.io~projected/own")}, tokenPlace, ""},
		"a secret in its place":         {``, []specs.Mount{ro("/run/secrets/kubernetes.io/serviceaccount/", podVolumes+"kubernetes.io~secret/web-token-x7")}, "/run/secrets/kubernetes.io/serviceaccount/", ""},
		"a projected one around it":     {``, []specs.Mount{ro("/var/run/secrets/kubernetes.io", podVolumes+"kubernetes.io~projected/own")}, "/var/run/secrets/kubernetes.io", ""},
		"a projected one far around it": {``, []specs.Mount{ro("/run", podVolumes+"kubernetes.io~projected/own")}, "/run", ""},
		"a projected one beside it":     {``, []specs.Mount{ro("/var/run/secrets/own", podVolumes+"kubernetes.io~projected/own")}, "", ""},
		"a secret around it":            {``, []specs.Mount{ro("/var/run/secrets/kubernetes.io", podVolumes+"kubernetes.io~secret/own")}, "/var/run/secrets/kubernetes.io", ""},
		"a secret among secrets":        {``, []specs.Mount{ro("/run/secrets", podVolumes+"kubernetes.io~secret/own")}, "", ""},
		"by a path with ..":             {``, []specs.Mount{ro("/t", podVolumes+"kubernetes.io~empty-dir/../kubernetes.io~projected/kube-api-access-x7")}, "/t", ""},
		"a sub path in its place":       {``, []specs.Mount{ro(tokenPlace+"/token", subPaths+"own/app/0")}, tokenPlace + "/token", ""},
		"an emptyDir of such a name":    {``, []specs.Mount{bind("/t", podVolumes+"kubernetes.io~empty-dir/kube-api-access-x7", "ro")}, "", ""},
		"a tmpfs":                       {``, []specs.Mount{{Destination: tokenPlace, Type: "tmpfs", Source: api}}, "", ""},
		"named":                         {`volumes: ["vault-*"]`, []specs.Mount{ro("/t", podVolumes+"kubernetes.io~projected/vault-token"), ro("/u", podVolumes+"kubernetes.io~projected/other")}, "/t", ""},
		"named, and the kubelet's":      {`volumes: ["vault-*"]`, []specs.Mount{ro("/t", api)}, "/t", ""},
		"all":                           {`volumes: ["*"]`, []specs.Mount{ro("/t", podVolumes+"kubernetes.io~secret/s"), ro("/u", podVolumes+"kubernetes.io~configmap/c")}, "/t", ""},
		"through a link":                {``, []specs.Mount{ro("/t", "/srv/to-token")}, "/t", ""},
		"a link in the kubelet's place": {``, []specs.Mount{ro("/t", podVolumes+"kubernetes.io~projected/kube-api-access-link")}, "/t", ""},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec(withoutToken, withMounts(tt.mounts...)))
			sub.Host = fakeHost{links: map[string]string{"/srv/to-token": api, podVolumes + "kubernetes.io~projected/kube-api-access-link": "/srv"}}
			finding := func(at string) []string {
				if at == "" {
					return nil
				}
				return []string{"tokens: service account token at " + at + " not allowed"}
			}
			reject := compileDocs(t, policyDoc("test", "tokens: {"+tt.rule+"}"))
			for _, visible := range []Visibility{Partial, Complete} {
				if got := findings(reject.Evaluate(sub, visible)); !slices.Equal(got, finding(tt.found)) {
					t.Errorf("found %q, want %q", got, finding(tt.found))
				}
			}
			adjust := "onViolation: adjust"
			if tt.rule != "" {
				adjust += ", " + tt.rule
			}
			d := compileDocs(t, policyDoc("test", "tokens: {"+adjust+"}")).Evaluate(sub, Complete)
			if got := findings(d); !slices.Equal(got, finding(tt.stays)) {
				t.Errorf("adjusted: found %q, want %q", got, finding(tt.stays))
			}
			if g := grants(sub.Spec, d.Spec); len(g) > 0 {
				t.Errorf("granted %q", g)
			}
		})
	}
}

func TestTokensAdjust(t *testing.T) {
	d := decide(t, newSpec(), "tokens: {onViolation: adjust}")
	if want := []string{"tokens: removed the service account token at " + tokenPlace}; d.Outcome() != Adjusted || !slices.Equal(changes(d), want) {
		t.Errorf("%s %q, want %q", d.Outcome(), changes(d), want)
	}
	if slices.Contains(places(d.Spec.Mounts), tokenPlace) {
		t.Error("it is still there")
	}
}

func TestTokensLoad(t *testing.T) {
	testLoad(t, "tokens", map[string]string{
		`{volumes: [""]}`:          `0.yaml:6:23: spec.rules.tokens.volumes: has an empty pattern, which never matches`,
		`{volumes: ["[a"]}`:        `0.yaml:6:24: spec.rules.tokens.volumes[0]: "[a" is not a valid pattern (allowed: names with *, **, ?, [class], {a,b})`,
		`{allowed: [a]}`:           `0.yaml:6:14: spec.rules.tokens: unknown field "allowed" (allowed: onViolation, on, volumes)`,
		`{volumes: ["a-*"]}`:       ``,
		`{volumes: [a, my_token]}`: `0.yaml:6:27: spec.rules.tokens.volumes[1]: "my_token" matches no volume: names of volumes are DNS labels (at most 63 of a-z, 0-9 and '-', starting and ending with a letter or digit)`,
		`{volumes: [/x]}`:          `0.yaml:6:24: spec.rules.tokens.volumes[0]: "/x" matches no volume: names of volumes are DNS labels (at most 63 of a-z, 0-9 and '-', starting and ending with a letter or digit)`,
		`{}`:                       ``,
	})
}
