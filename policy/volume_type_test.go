package policy

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
)

// podVolumes is where the kubelet keeps the volumes of the pod under test.
const podVolumes = "/var/lib/kubelet/pods/3f2a/volumes/"

// volumesOf gives the types that the container's mounts are of, by their
// places.
func volumesOf(s *Subject) map[string]VolumeType {
	out := make(map[string]VolumeType)
	for i := range s.Spec.Mounts {
		out[s.Spec.Mounts[i].Destination] = s.origin(&s.Spec.Mounts[i]).volume
	}
	return out
}

func TestVolumeType(t *testing.T) {
	const (
		cri      = "/var/lib/containerd/io.containerd.grpc.v1.cri/"
		subpaths = "/var/lib/kubelet/pods/3f2a/volume-subpaths/"
	)
	host := fakeHost{
		links:  map[string]string{"/opt/link": podVolumes + "kubernetes.io~secret/s", podVolumes + "kubernetes.io~secret/out": "/etc"},
		denied: "/denied",
		subpaths: map[string]string{
			subpaths + "own/app/0": "kubernetes.io~configmap", subpaths + "vendor/app/0": "example.com~driver",
			subpaths + "new/app/0": "kubernetes.io~to-come", subpaths + "host/app/0": "",
		},
	}
	for name, tt := range map[string]struct {
		mount specs.Mount
		want  VolumeType
	}{
		"emptyDir":                 {bind("/x", podVolumes+"kubernetes.io~empty-dir/x"), "emptyDir"},
		"configMap":                {bind("/x", podVolumes+"kubernetes.io~configmap/x"), "configMap"},
		"downwardAPI":              {bind("/x", podVolumes+"kubernetes.io~downward-api/x"), "downwardAPI"},
		"csi":                      {bind("/x", podVolumes+"kubernetes.io~csi/pvc-1/mount"), "csi"},
		"local":                    {bind("/x", podVolumes+"kubernetes.io~local-volume/pv"), "local"},
		"old":                      {bind("/x", podVolumes+"kubernetes.io~photon-pd/x"), "photonPersistentDisk"},
		"type by option":           {specs.Mount{Destination: "/x", Type: "none", Source: podVolumes + "kubernetes.io~nfs/x", Options: []string{"rbind"}}, "nfs"},
		"flexVolume":               {bind("/x", podVolumes+"example.com~nfs/x"), "flexVolume"},
		"new":                      {bind("/x", podVolumes+"kubernetes.io~unheard-of/x"), "unknown"},
		"nobody's":                 {bind("/x", podVolumes+"~nfs/x"), "unknown"},
		"nothing":                  {bind("/x", podVolumes+"example.com~/x"), "unknown"},
		"no plugin":                {bind("/x", podVolumes+"nfs/x"), "unknown"},
		"through a link":           {bind("/x", "/opt/link"), "secret"},
		"out of its folder":        {bind("/x", podVolumes+"kubernetes.io~secret/out/ssh"), "hostPath"},
		"another pod's":            {bind("/x", "/var/lib/kubelet/pods/4444/volumes/kubernetes.io~secret/x"), "hostPath"},
		"all of a plugin":          {bind("/x", podVolumes+"kubernetes.io~secret"), "hostPath"},
		"name of a plugin":         {bind("/x", "/srv/kubernetes.io~secret/x"), "hostPath"},
		"subPath of a volume":      {bind("/x", subpaths+"own/app/0"), "configMap"},
		"subPath of a vendor's":    {bind("/x", subpaths+"vendor/app/0"), "flexVolume"},
		"subPath of a new type's":  {bind("/x", subpaths+"new/app/0"), "unknown"},
		"subPath of a hostPath":    {bind("/x", subpaths+"host/app/0"), "hostPath"},
		"subPath not seen":         {bind("/x", subpaths+"none/app/0"), "unknown"},
		"hostPath":                 {bind("/x", "/srv"), "hostPath"},
		"with dots":                {bind("/x", "/srv/../etc"), "unknown"},
		"relative":                 {bind("/x", "srv"), "unknown"},
		"cannot be resolved":       {bind("/x", "/denied/x"), "unknown"},
		"disk":                     {specs.Mount{Destination: "/x", Type: "ext4", Source: "/dev/sda1"}, "unknown"},
		"no type":                  {specs.Mount{Destination: "/x", Source: "/srv"}, "unknown"},
		"overlay":                  {specs.Mount{Destination: "/x", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=/etc:/usr"}}, "unknown"},
		"image":                    {bind("/x", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1c/cafe"), "image"},
		"image's subPath":          {bind("/x", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1c/cafe/io.containerd.grpc.v1.cri/containers/9b7e/volumes"), "image"},
		"VOLUME":                   {bind("/x", cri+"containers/9b7e/volumes/ab12"), "anonymous"},
		"another container's":      {bind("/x", cri+"containers/9b7f/volumes/ab12"), "hostPath"},
		"tmpfs":                    {specs.Mount{Destination: "/x", Type: "tmpfs", Source: "tmpfs"}, "tmpfs"},
		"tmpfs for devices":        {specs.Mount{Destination: "dev/", Type: "tmpfs", Source: "tmpfs"}, "dev"},
		"tmpfs for shm":            {specs.Mount{Destination: "/dev//shm", Type: "tmpfs", Source: "shm"}, "shm"},
		"pod's shm":                {bind("/dev/shm", cri+"sandboxes/5d1c/shm"), "shm"},
		"host's shm":               {bind("/dev/shm", "/dev/shm"), "hostPath"},
		"volume for shm":           {bind("/dev/shm", podVolumes+"kubernetes.io~empty-dir/x"), "emptyDir"},
		"proc":                     {specs.Mount{Destination: "/x", Type: "proc", Source: "proc"}, ""},
		"bind that says proc":      {specs.Mount{Destination: "/x", Type: "proc", Source: "/proc", Options: []string{"bind"}}, "hostPath"},
		"termination log":          {bind("/x", "/var/lib/kubelet/pods/3f2a/containers/app/0"), "runtimeFile"},
		"hosts file":               {bind("/etc/hosts", "/var/lib/kubelet/pods/3f2a/etc-hosts"), "runtimeFile"},
		"hosts file elsewhere":     {bind("/x", "/var/lib/kubelet/pods/3f2a/etc-hosts"), "hostPath"},
		"resolv.conf":              {bind("/etc/resolv.conf", cri+"sandboxes/5d1c/resolv.conf"), "runtimeFile"},
		"another pod's shm":        {bind("/dev/shm", cri+"sandboxes/5d1d/shm"), "hostPath"},
		"shm elsewhere":            {bind("/x", cri+"sandboxes/5d1c/shm"), "hostPath"},
		"the pod's folder":         {bind("/x", "/var/lib/kubelet/pods/3f2a"), "hostPath"},
		"another container's last": {bind("/x", "/var/lib/kubelet/pods/3f2a/containers/other/0"), "hostPath"},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(&specs.Spec{Mounts: []specs.Mount{tt.mount}})
			sub.Host = host
			sub.Spec.Linux = newSpec().Linux
			if got := sub.origin(&tt.mount).volume; got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestVolumeTypeSharedMemory(t *testing.T) {
	sub := subject(newSpec(withoutNamespace(specs.IPCNamespace), withMount(bind("/dev/shm", "/dev/shm"))))
	sub = sub.ready()
	if got := sub.origin(&sub.Spec.Mounts[len(sub.Spec.Mounts)-1]).volume; got != sharedMemory {
		t.Errorf("host's shared memory is %q", got)
	}
}

func TestVolumeTypeCRIO(t *testing.T) {
	sub := subject(newSpec())
	sub = sub.ready()
	sub.Spec.Mounts = crioMounts("5d1c", "9b7e")
	want := map[string]VolumeType{
		"/dev/shm": "shm", "/data": "anonymous", "/img": "image", "/sub": "image",
		"/etc/resolv.conf": "runtimeFile", "/etc/hostname": "runtimeFile", "/run/.containerenv": "runtimeFile", "/run/secrets": "runtimeFile",
	}
	for place, got := range volumesOf(&sub) {
		if got != want[place] {
			t.Errorf("%s is %q, want %q", place, got, want[place])
		}
	}
}

// TestVolumeTypeContainerd asks what a container of a real containerd mounts.
func TestVolumeTypeContainerd(t *testing.T) {
	want := map[string]VolumeType{
		"/cache": "emptyDir", "/dev/shm": "shm", "/var/run/secrets/kubernetes.io/serviceaccount": "projected",
		"/dev": "dev", "/etc/hosts": "runtimeFile", "/etc/hostname": "runtimeFile", "/etc/resolv.conf": "runtimeFile",
		"/dev/termination-log": "runtimeFile",
	}
	for _, name := range []string{"privileged", "unprivileged"} {
		sub := containerd(t, name)
		for place, got := range volumesOf(&sub) {
			if got != want[place] {
				t.Errorf("%s: %s is %q, want %q", name, place, got, want[place])
			}
		}
	}
}

// containerd is a container as containerd made it.
func containerd(t *testing.T, name string) Subject {
	t.Helper()
	raw, err := os.ReadFile("testdata/containerd-2.4.2-" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := ocispec.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	sub := subject(spec).ready()
	sub.Pod.ID = spec.Annotations["io.kubernetes.cri.sandbox-id"]
	sub.Pod.UID = spec.Annotations["io.kubernetes.cri.sandbox-uid"]
	return sub
}

// TestVolumeTypeNames: every type of volume of the Kubernetes API can be told,
// but for claims.
func TestVolumeTypeNames(t *testing.T) {
	names := volumeTypes()
	for i, v := range names {
		if !v.ofPod() || slices.Contains(names[:i], v) {
			t.Errorf("%s is no type, or stands twice", v)
		}
	}
	for _, p := range volumePlugins() {
		source := filepath.Join(podVolumes, "kubernetes.io~"+p.folder, "x")
		if p.volume == "csi" {
			source += "/mount"
		}
		sub := subject(&specs.Spec{}).ready()
		m := bind("/x", source)
		if got := sub.origin(&m).volume; got != p.volume {
			t.Errorf("%s is %q, want %q", source, got, p.volume)
		}
	}
	if len(names) != 30 {
		t.Errorf("%d types: %v", len(names), names)
	}
}
