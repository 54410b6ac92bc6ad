package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

// restrictedVolumes are the volumes of the Pod Security Standards' Restricted,
// as they are on a node.
const restrictedVolumes = "allowed: [configMap, csi, downwardAPI, emptyDir, image, projected, secret]"

func withMounts(mounts ...specs.Mount) option {
	return func(s *specs.Spec) { s.Mounts = append(s.Mounts, mounts...) }
}

// places are the mounts' places in the container.
func places(mounts []specs.Mount) []string {
	var out []string
	for i := range mounts {
		out = append(out, mounts[i].Destination)
	}
	return out
}

// TestVolumeTypesOfManyMounts: a pod can have as many mounts as its manifest
// has room for, and paths of any length.
func TestVolumeTypesOfManyMounts(t *testing.T) {
	const many = 20_000
	spec := newSpec()
	for range many {
		spec.Mounts = append(spec.Mounts, bind("/a", "/srv"))
	}
	spec.Mounts = append(spec.Mounts, bind(strings.Repeat("/a", 500_000), "/srv"))
	start := time.Now()
	d := decide(t, spec, "volumeTypes: {onViolation: adjust, remove: writable, "+restrictedVolumes+"}")
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
	if d.Outcome() != Denied || len(d.Spec.Mounts) != len(spec.Mounts)-many {
		t.Errorf("%s with %d mounts", d.Outcome(), len(d.Spec.Mounts))
	}
}

func TestVolumeTypes(t *testing.T) {
	const most = " (allowed: configMap, csi, downwardAPI, emptyDir, image, projected, secret)"
	nfs := func(at string) specs.Mount {
		return bind(at, podVolumes+"kubernetes.io~nfs/x", "rbind", "rprivate", "rw")
	}
	empty := func(at string) specs.Mount { return bind(at, podVolumes+"kubernetes.io~empty-dir/x") }
	host := func(at string) specs.Mount { return bind(at, "/srv", "rbind", "rshared") }
	for name, tt := range map[string]struct {
		rule    string
		mounts  []specs.Mount
		found   string
		removed []string // when it may adjust; what then stays of those found is denied
	}{
		"none":                {restrictedVolumes, nil, "", nil},
		"allowed":             {restrictedVolumes, []specs.Mount{empty("/x")}, "", nil},
		"not allowed":         {restrictedVolumes, []specs.Mount{empty("/x"), nfs("/y")}, "nfs at /y not allowed" + most, []string{"/y"}},
		"hostPath":            {restrictedVolumes, []specs.Mount{host("/y")}, "hostPath at /y not allowed" + most, []string{"/y"}},
		"hostPath allowed":    {"allowed: [projected, hostPath]", []specs.Mount{host("/y")}, "", nil},
		"nothing allowed":     {"allowed: []", nil, "projected at /var/run/secrets/kubernetes.io/serviceaccount not allowed (allowed: none)", []string{"/var/run/secrets/kubernetes.io/serviceaccount"}},
		"unknown":             {restrictedVolumes, []specs.Mount{{Destination: "/y", Type: "ext4", Source: "/dev/sda"}}, "volume of unknown type at /y not allowed" + most, []string{"/y"}},
		"unknown allowed":     {"allowed: [projected, unknown]", []specs.Mount{{Destination: "/y", Type: "ext4", Source: "/dev/sda"}}, "", nil},
		"tmpfs":               {restrictedVolumes, []specs.Mount{{Destination: "/y", Type: "tmpfs", Source: "tmpfs"}}, "", nil},
		"several":             {restrictedVolumes, []specs.Mount{nfs("/y"), host("/z")}, "nfs at /y, hostPath at /z not allowed" + most, []string{"/y", "/z"}},
		"many":                {"allowed: [projected]", []specs.Mount{nfs("/1"), nfs("/2"), nfs("/3"), nfs("/4"), nfs("/5"), nfs("/6"), nfs("/7")}, "nfs at /1, nfs at /2, nfs at /3, nfs at /4, nfs at /5, nfs at /6 and 1 more not allowed (allowed: projected)", []string{"/1", "/2", "/3", "/4", "/5", "/6", "/7"}},
		"in another":          {restrictedVolumes, []specs.Mount{empty("/x"), nfs("/x/y")}, "nfs at /x/y not allowed" + most, []string{}},
		"over another":        {restrictedVolumes, []specs.Mount{empty("/x/"), nfs("/x")}, "nfs at /x not allowed" + most, []string{}},
		"in another, dots":    {restrictedVolumes, []specs.Mount{empty("/x"), nfs("/y/../x/y")}, "nfs at /y/../x/y not allowed" + most, []string{}},
		"in another, late":    {restrictedVolumes, []specs.Mount{nfs("/x/y"), empty("/x")}, "nfs at /x/y not allowed" + most, []string{}},
		"next to another":     {restrictedVolumes, []specs.Mount{empty("/x"), nfs("/xy")}, "nfs at /xy not allowed" + most, []string{"/xy"}},
		"in one that goes":    {restrictedVolumes, []specs.Mount{host("/x"), nfs("/x/y")}, "hostPath at /x, nfs at /x/y not allowed" + most, []string{"/x", "/x/y"}},
		"in one that stays":   {restrictedVolumes, []specs.Mount{empty("/x"), host("/x/y"), nfs("/x/y/z")}, "hostPath at /x/y, nfs at /x/y/z not allowed" + most, []string{}},
		"in the kernel's":     {restrictedVolumes, []specs.Mount{nfs("/proc/cpuinfo")}, "nfs at /proc/cpuinfo not allowed" + most, []string{}},
		"image allowed":       {restrictedVolumes, []specs.Mount{bind("/i", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1c/cafe")}, "", nil},
		"image not allowed":   {"allowed: [projected]", []specs.Mount{bind("/i", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1c/cafe")}, "image at /i not allowed (allowed: projected)", []string{"/i"}},
		"VOLUME of the image": {restrictedVolumes, []specs.Mount{bind("/v", "/var/lib/containerd/io.containerd.grpc.v1.cri/containers/9b7e/volumes/a")}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			spec := newSpec(withMounts(tt.mounts...))
			var want []string
			if tt.found != "" {
				want = []string{"volumeTypes: " + tt.found}
			}
			if got := findings(decide(t, spec, "volumeTypes: {"+tt.rule+"}")); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			d := decide(t, spec, "volumeTypes: {onViolation: adjust, remove: writable, "+tt.rule+"}")
			left := slices.DeleteFunc(places(spec.Mounts), func(p string) bool { return slices.Contains(tt.removed, p) })
			if got := places(d.Spec.Mounts); !slices.Equal(got, left) {
				t.Errorf("mounts %q, want %q", got, left)
			}
			if denied := tt.found != "" && len(tt.removed) == 0; (d.Outcome() == Denied) != denied {
				t.Errorf("%s: %q", d.Outcome(), findings(d))
			}
		})
	}
}

// TestVolumeTypesChanges says what was done, and lowers the root filesystem's
// propagation with the last shared mount.
func TestVolumeTypesChanges(t *testing.T) {
	spec := newSpec(withMounts(bind("/y", podVolumes+"kubernetes.io~nfs/x", "rbind", "rshared")))
	spec.Linux.RootfsPropagation = "rshared"
	d := decide(t, spec, "volumeTypes: {onViolation: adjust, remove: writable, "+restrictedVolumes+"}")
	want := []string{"volumeTypes: removed nfs at /y", "volumeTypes: lowered the propagation of the root filesystem"}
	if got := changes(d); !slices.Equal(got, want) || d.Spec.Linux.RootfsPropagation != "rslave" {
		t.Errorf("%q, %s", got, d.Spec.Linux.RootfsPropagation)
	}
	spec = newSpec(withMounts(bind("/p", "/proc", "rbind"), bind("/x", podVolumes+"kubernetes.io~empty-dir/x", "rshared"), bind("/x/y", "/srv")))
	spec.Linux.RootfsPropagation = "rshared"
	if d := decide(t, spec, "volumeTypes: {onViolation: adjust, remove: writable, "+restrictedVolumes+"}"); d.Spec.Linux.RootfsPropagation != "rshared" {
		t.Errorf("%q, %s", changes(d), d.Spec.Linux.RootfsPropagation)
	}
}

// TestVolumeTypesContainerd judges what a real containerd made.
func TestVolumeTypesContainerd(t *testing.T) {
	set := compileDocs(t, policyDoc("test", "volumeTypes: {"+restrictedVolumes+"}"))
	strict := compileDocs(t, policyDoc("test", "volumeTypes: {allowed: [configMap]}"))
	for _, name := range []string{"privileged", "unprivileged"} {
		sub := containerd(t, name)
		if d := set.Evaluate(sub, Complete); d.Outcome() != Allowed {
			t.Errorf("%s: %q", name, findings(d))
		}
		want := []string{"volumeTypes: emptyDir at /cache, projected at /var/run/secrets/kubernetes.io/serviceaccount not allowed (allowed: configMap)"}
		if got := findings(strict.Evaluate(sub, Complete)); !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestVolumeTypesEarly: NRI shows the mounts.
func TestVolumeTypesEarly(t *testing.T) {
	sub := subject(&specs.Spec{Mounts: []specs.Mount{bind("/logs", "/var/log")}})
	d := compileDocs(t, policyDoc("test", "volumeTypes: {allowed: [emptyDir]}")).Evaluate(sub, Partial)
	if want := []string{"volumeTypes: hostPath at /logs not allowed (allowed: emptyDir)"}; !slices.Equal(findings(d), want) {
		t.Errorf("%q, want %q", findings(d), want)
	}
}

func TestVolumeTypesInvalid(t *testing.T) {
	for rule, want := range map[string]string{
		"volumeTypes: {}":                                 "allowed: is missing; [] allows no volumes",
		"volumeTypes: {onViolation: adjust}":              "allowed: is missing; [] allows no volumes",
		"volumeTypes: {allowed: [configmap]}":             `"configmap" is not one of awsElasticBlockStore, azureDisk, azureFile, cephfs, cinder, configMap, csi,`,
		"volumeTypes: {allowed: [tmpfs]}":                 `"tmpfs" is not one of`,
		"volumeTypes: {allowed: [persistentVolumeClaim]}": `"persistentVolumeClaim" is not seen on the node (allowed: the type that the claim is bound to, such as csi)`,
		"volumeTypes: {allowed: [ephemeral]}":             `"ephemeral" is not seen on the node`,
		`volumeTypes: {allowed: [""]}`:                    `"" is not one of`,
	} {
		if got := loadError(rule); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", rule, got, want)
		}
	}
	if got := loadError("volumeTypes: {allowed: []}"); got != "" {
		t.Error(got)
	}
}

func drawVolumeTypes(t *rapid.T, action Action) []string {
	return append(drawRemoval(t, action), "allowed: "+flow(some(t, "allowed", "emptyDir", "projected", "nfs", "hostPath", "image", "unknown")...))
}

// drawVolumesEdit mounts volumes of several types, one in the other too.
func drawVolumesEdit(t *rapid.T) option {
	return func(s *specs.Spec) {
		for i := range rapid.IntRange(1, 4).Draw(t, "volumes") {
			s.Mounts = append(s.Mounts, bind(
				pick(t, "volume at", "/vol", "/vol/a", "/vol/a/b", "/other", "/dev/v", "/vol/", "/var/cache")+pick(t, "volume below", "", "/"+strings.Repeat("z", i+1)),
				pick(t, "volume", podVolumes+"kubernetes.io~nfs/a", podVolumes+"kubernetes.io~empty-dir/a", podVolumes+"kubernetes.io~new/a", podVolumes+"vendor~driver/a",
					podVolumes+"kubernetes.io~projected/kube-api-access-x", podVolumes+"kubernetes.io~secret/a", "/var/lib/kubelet/pods/3f2a/volume-subpaths/kube-api-access-x/app/0",
					"/var/lib/kubelet/pods/3f2a/volume-subpaths/a/app/0", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1c/cafe",
					"/var/lib/containerd/io.containerd.grpc.v1.cri/containers/9b7e/volumes/a", "/srv"),
				some(t, "volume options", "rbind", "rshared", "rw", "exec", "noexec", "rexec", "nosuid", "suid", "rnosuid", "ro", "rro", "rrw", "nodev", "dev")...))
		}
	}
}
