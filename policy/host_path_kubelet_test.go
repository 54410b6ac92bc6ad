package policy

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestKubeletMade asks of the volumes of every plugin, and of what else the
// kubelet mounts, what is the kubelet's own: the very path that it gives to the
// runtime, and nothing below or beside it. Containers write into volumes.
func TestKubeletMade(t *testing.T) {
	const pod = "/var/lib/kubelet/pods/3f2a/"
	own := map[string]string{ // the path, and where it is mounted
		"etc-hosts":                "/etc/hosts",
		"containers/app/0a1b2c3d":  "/dev/termination-log",
		"volume-subpaths/v/app/0":  "/x",
		"volume-subpaths/v/app/12": "/x",
	}
	for _, p := range volumePlugins() {
		folder := "volumes/kubernetes.io~" + p.folder + "/"
		if p.volume == "csi" {
			own[folder+"pvc-1/mount"] = "/x"
			continue
		}
		own[folder+"v"] = "/x"
		own[folder+"mount"] = "/x" // a volume's name
	}
	own["volumes/example.com~driver/v"] = "/x"
	own["volumes/kubernetes.io~to-come/v"] = "/x"

	subpaths := map[string]string{}
	for p := range own {
		if strings.HasPrefix(p, "volume-subpaths/") {
			for _, q := range []string{p, p + "/d", path.Dir(p), p + "x", path.Dir(p) + "/00", path.Dir(p) + "/-1"} {
				subpaths[pod+q] = "kubernetes.io~empty-dir"
			}
		}
	}
	set := compileDocs(t, policyDoc("test", "hostPaths: {}"))
	judge := func(source, destination string) *Decision {
		sub := subject(newSpec())
		sub.Spec.Mounts = nil
		withMount(bind(destination, source, "rbind", "rprivate", "rw"))(sub.Spec)
		sub.Host = fakeHost{links: map[string]string{}, subpaths: subpaths}
		return set.Evaluate(sub, Complete)
	}
	for p, destination := range own {
		if d := judge(pod+p, destination); d.Outcome() != Allowed {
			t.Errorf("%s: %q", p, findings(d))
		}
		not := []string{p + "/d", p + "/..data", p + "/mount/d", p + "/d/mount/e", path.Dir(p), path.Dir(path.Dir(p))}
		if strings.HasPrefix(p, "volume-subpaths/") {
			not = append(not, p+"x", path.Dir(p)+"/00", path.Dir(p)+"/-1")
		}
		if strings.HasPrefix(p, "volumes/") {
			not = append(not, strings.Replace(p, "volumes/", "volume/", 1), strings.Replace(p, "volumes/", "plugins/", 1), p+"/mount")
		}
		for _, q := range not {
			q = path.Clean(q)
			if _, isOwn := own[q]; isOwn {
				continue
			}
			if d := judge(pod+q, destination); d.Outcome() != Denied || len(d.Violations) != 1 {
				t.Errorf("%s is the kubelet's: %q", q, findings(d))
			}
		}
	}
}

// TestKubeletPodsLinked: links that lead to the kubelet's own folder are the
// operator's, wherever they are.
func TestKubeletPodsLinked(t *testing.T) {
	for name, links := range map[string]map[string]string{
		"root":          {"/var/lib/kubelet": "/data/kubelet"},
		"pods":          {"/var/lib/kubelet/pods": "/data/pods"},
		"root and pods": {"/var/lib/kubelet": "/data/kubelet", "/data/kubelet/pods": "/disk/pods"},
		"a parent":      {"/var/lib": "/data/lib"},
	} {
		for _, everywhere := range []bool{false, true} {
			docs := []string{policyDoc("test", "hostPaths: {}")}
			if everywhere { // containers write everywhere, those of other namespaces
				docs = append(docs, strings.Replace(policyDoc("infra", "hostPaths: {allowed: [{path: /}]}"), "spec:\n", "spec:\n  match: {namespaces: [infra]}\n", 1))
			}
			sub := subject(newSpec())
			sub.Host = fakeHost{links: links}
			if d := compileDocs(t, docs...).Evaluate(sub, Complete); d.Outcome() != Allowed {
				t.Errorf("%s, %t: %q", name, everywhere, findings(d))
			}
		}
	}
}

// TestKubeletMadeOverLinks: what is reached over a link that a container may
// have made is nobody's own, wherever it leads.
func TestKubeletMadeOverLinks(t *testing.T) {
	const secret = "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~secret/s"
	const cache = "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/cache"
	const vol = "/var/lib/containerd/io.containerd.grpc.v1.cri/containers/9b7e/volumes/ab12"
	links := map[string]string{
		cache + "/l": secret, cache + "/v": vol, "/srv/app/l": secret, "/srv/app/v": vol, "/srv/app/shm": "/dev/shm",
		"/opt/l": secret, "/opt/v": vol,
	}
	set := compileDocs(t, policyDoc("test", "hostPaths: {}"),
		strings.Replace(policyDoc("other", "hostPaths: {allowed: [{path: /srv/app}]}"), "spec:\n", "spec:\n  match: {namespaces: [other]}\n  mode: audit\n", 1))
	for source, want := range map[string]Outcome{
		"/opt/l": Allowed, "/opt/v": Allowed,
		cache + "/l": Denied, cache + "/v": Denied, "/srv/app/l": Denied, "/srv/app/v": Denied,
	} {
		sub := subject(newSpec(withMount(bind("/x", source, "rbind", "rprivate", "rw"))))
		sub.Host = fakeHost{links: links}
		d := set.Evaluate(sub, Complete)
		if d.Outcome() != want {
			t.Errorf("%s: %s %q", source, d.Outcome(), findings(d))
		}
	}
	sub := subject(newSpec(withoutNamespace("ipc")))
	sub.Spec.Mounts = slices.DeleteFunc(sub.Spec.Mounts, func(m specs.Mount) bool { return m.Destination == "/dev/shm" })
	withMount(bind("/dev/shm", "/srv/app/shm"))(sub.Spec)
	sub.Host = fakeHost{links: links}
	if d := set.Evaluate(sub, Complete); d.Outcome() != Denied {
		t.Errorf("shared memory over a link: %s", d.Outcome())
	}
}
