package policy

import (
	"path"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestRuntimeMade asks of all that runtimes make for a pod and a container, in
// each of the usual folders, what is the runtime's own: the very path, in one of
// the folders that the node names.
func TestRuntimeMade(t *testing.T) {
	const pod, ctr = "5d1c", "9b7e"
	containerd := map[string]string{ // below a folder, and where it is mounted
		"sandboxes/" + pod + "/hostname":          "/etc/hostname",
		"sandboxes/" + pod + "/hosts":             "/etc/hosts",
		"sandboxes/" + pod + "/resolv.conf":       "/etc/resolv.conf",
		"sandboxes/" + pod + "/shm":               "/dev/shm",
		"containers/" + ctr + "/volumes/ab12":     "/vol",
		"image-volumes/" + pod + "/cafe":          "/img",
		"image-volumes/" + pod + "/cafe/usr/sbin": "/img",
	}
	crio := map[string]string{
		pod + "/userdata/hostname":      "/etc/hostname",
		pod + "/userdata/resolv.conf":   "/etc/resolv.conf",
		pod + "/userdata/shm":           "/dev/shm",
		pod + "/userdata/.containerenv": "/run/.containerenv",
		ctr + "/userdata/mounts/ab12":   "/vol",
		ctr + "/userdata/run/secrets":   "/run/secrets",
		ctr + "/userdata/passwd":        "/etc/passwd",
		ctr + "/userdata/group":         "/etc/group",
		ctr + "/userdata/localtime":     "/etc/localtime",
		ctr + "/userdata/fips-config":   "/etc/crypto-policies/config",
		ctr + "/userdata/sysctl-fips":   "/proc/sys/crypto/fips_enabled",
	}
	set := compileDocs(t, policyDoc("test", "hostPaths: {}"))
	judge := func(host Host, source, destination string) []string {
		sub := subject(newSpec())
		sub.Spec.Mounts = []specs.Mount{bind(destination, source)}
		sub.Host = host
		return findings(set.Evaluate(sub, Complete))
	}
	const hint = "like the container runtime's own, but in none of the folders in host.runtimeDirs"
	all := make(map[string]string)
	for p, at := range containerd {
		all["io.containerd.grpc.v1.cri/"+p] = at
	}
	for p, at := range crio {
		all["overlay-containers/"+p] = at
		all["vfs-containers/"+p] = at
	}
	for _, dir := range DefaultRuntimeDirs() {
		seen := fakeHost{links: map[string]string{}}
		moved := fakeHost{links: map[string]string{dir: "/data/runtime"}}
		for p, at := range all {
			if got := judge(NoHost{}, dir+"/"+p, at); len(got) > 0 {
				t.Errorf("not seen: %q", got)
			}
			if got := judge(seen, dir+"/"+p, at); len(got) > 0 {
				t.Errorf("%q", got)
			}
			for _, source := range []string{dir + "/" + p, "/data/runtime/" + p} {
				if got := judge(moved, source, at); len(got) > 0 {
					t.Errorf("%s is a link: %q", dir, got)
				}
			}
			if got := judge(seen, dir+"/"+p, at+"/elsewhere"); len(got) != 1 && !strings.Contains(p, "volumes") && !strings.Contains(p, "mounts") {
				t.Errorf("%s elsewhere is the runtime's", p)
			}
			if got := judge(seen, dir+"/x/"+p, at); len(got) != 1 || strings.Contains(got[0], hint) {
				t.Errorf("%s, deeper in %s: %q", p, dir, got)
			}
			if got := judge(seen, dir+"/"+path.Dir(p), at); len(got) != 1 && !strings.Contains(p, "image-volumes") {
				t.Errorf("%s of %s is the runtime's", path.Dir(p), dir)
			}
			if got := judge(seen, dir+"/"+p+"/x", at); len(got) != 1 && !strings.Contains(p, "image-volumes") {
				t.Errorf("%s/x is the runtime's", p)
			}
		}
	}
	for p, at := range all {
		for _, source := range []string{"/tmp/" + p, "/srv/volume/" + p, "/run/containerd-not/" + p} {
			if got := judge(fakeHost{links: map[string]string{}}, source, at); len(got) != 1 || !strings.Contains(got[0], hint) {
				t.Errorf("in no folder of the runtime's: %q", got)
			}
			folder := strings.TrimSuffix(source, "/"+p)
			for _, dirs := range [][]string{{"/x", folder}, {path.Dir(folder), folder}, {folder, path.Dir(folder)}} {
				if got := judge(fakeHost{links: map[string]string{}, runtime: dirs}, source, at); len(got) > 0 {
					t.Errorf("in a folder that %q name: %q", dirs, got)
				}
			}
		}
		for id, other := range map[string]string{pod: "aaaa", ctr: "bbbb"} {
			if q := strings.Replace(p, id, other, 1); q != p {
				if got := judge(NoHost{}, "/run/containerd/"+q, at); len(got) != 1 {
					t.Errorf("%s is another's: %q", q, got)
				}
			}
		}
	}
}

// TestImageOverlay: CRI-O's image volumes are of the storage's layers, and of
// nothing else.
func TestImageOverlay(t *testing.T) {
	const storage, own = "/var/lib/containers/storage/", "/run/containers/storage/overlay-containers/9b7e/userdata/"
	for lower, want := range map[string]Outcome{
		storage + "overlay/77ab/merged:/run/crio/image-volumes":                        Allowed,
		storage + "overlay/77ab/merged:/var/run/crio/image-volumes":                    Allowed,
		own + "subpath123:/run/crio/image-volumes":                                     Allowed,
		storage + "overlay/77ab/merged/etc:/run/crio/image-volumes":                    Denied,
		storage + "overlay/77ab/diff:/run/crio/image-volumes":                          Denied,
		storage + "overlay/77ab/merged:/srv/image-volumes":                             Denied,
		storage + "overlay/77ab/merged:/run/crio/exits":                                Denied,
		storage + "overlay/77ab/merged:/run/crio/image-volumes/x":                      Denied,
		storage + "overlay/77ab/merged":                                                Denied,
		storage + "overlay/77ab/merged:/etc:/run/crio/image-volumes":                   Denied,
		"/srv/overlay/77ab/merged:/run/crio/image-volumes":                             Denied,
		"/srv/link/overlay/77ab/merged:/run/crio/image-volumes":                        Denied,
		own + "mounts/x:/run/crio/image-volumes":                                       Denied,
		own + "subpath123/x:/run/crio/image-volumes":                                   Denied,
		strings.Replace(own, "9b7e", "aaaa", 1) + "subpath123:/run/crio/image-volumes": Denied,
		"/:/run/crio/image-volumes":                                                    Denied,
	} {
		sub := subject(newSpec())
		sub.Spec.Mounts = []specs.Mount{{Destination: "/img", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=" + lower}}}
		sub.Host = fakeHost{links: map[string]string{"/var/run": "/run", "/srv/link": strings.TrimSuffix(storage, "/")}}
		d := compileDocs(t, policyDoc("test", "hostPaths: {}"), in("other", allowing("other", "{path: /srv}"))).Evaluate(sub, Complete)
		if d.Outcome() != want {
			t.Errorf("%s: %s %q", lower, d.Outcome(), findings(d))
		}
	}
}

// TestCryptoPolicies: on a node in FIPS mode CRI-O mounts files of the container's own
// root filesystem to other places in it.
func TestCryptoPolicies(t *testing.T) {
	const storage = "/var/lib/containers/storage/"
	const backEnds, config = "/usr/share/crypto-policies/back-ends/FIPS", "/usr/share/crypto-policies/default-fips-config"
	set := compileDocs(t, policyDoc("test", "hostPaths: {}"))
	for _, tt := range []struct {
		name, root, source, destination string
		want                            Outcome
	}{
		{"back-ends", storage + "overlay/77ab/merged", storage + "overlay/77ab/merged" + backEnds, "/etc/crypto-policies/back-ends", Allowed},
		{"config", storage + "overlay/77ab/merged", storage + "overlay/77ab/merged" + config, "/etc/crypto-policies/config", Allowed},
		{"of vfs", storage + "vfs/dir/77ab", storage + "vfs/dir/77ab" + backEnds, "/etc/crypto-policies/back-ends", Allowed},
		{"another container's", storage + "overlay/77ab/merged", storage + "overlay/88cd/merged" + backEnds, "/etc/crypto-policies/back-ends", Denied},
		{"elsewhere", storage + "overlay/77ab/merged", storage + "overlay/77ab/merged" + backEnds, "/etc", Denied},
		{"other files", storage + "overlay/77ab/merged", storage + "overlay/77ab/merged/etc", "/etc/crypto-policies/back-ends", Denied},
		{"one for the other", storage + "overlay/77ab/merged", storage + "overlay/77ab/merged" + config, "/etc/crypto-policies/back-ends", Denied},
		{"the host's", "/", backEnds, "/etc/crypto-policies/back-ends", Denied},
		{"not in the storage", "/srv/overlay/77ab/merged", "/srv/overlay/77ab/merged" + backEnds, "/etc/crypto-policies/back-ends", Denied},
		{"a relative root", "rootfs", storage + "overlay/77ab/merged" + backEnds, "/etc/crypto-policies/back-ends", Denied},
		{"the root by way of ..", storage + "overlay/x/../77ab/merged", storage + "overlay/77ab/merged" + backEnds, "/etc/crypto-policies/back-ends", Allowed},
	} {
		sub := subject(newSpec(withMount(bind(tt.destination, tt.source, "bind", "rprivate"))))
		sub.Spec.Root.Path = tt.root
		if d := set.Evaluate(sub, Complete); d.Outcome() != tt.want {
			t.Errorf("%s: %s %q", tt.name, d.Outcome(), findings(d))
		}
	}
	for source, want := range map[string]Outcome{storage + "overlay/77ab/merged" + backEnds: Allowed, storage + "overlay/77ab/merged/etc": Denied} {
		sub := subject(&specs.Spec{Mounts: []specs.Mount{bind("/etc/crypto-policies/back-ends", source, "bind")}})
		if d := set.Evaluate(sub, Partial); d.Outcome() != want {
			t.Errorf("before the root is shown: %s %q", d.Outcome(), findings(d))
		}
	}
}
