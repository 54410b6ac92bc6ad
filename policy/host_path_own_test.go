package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// crioSpec holds the mounts that CRI-O makes for a container.
func crioMounts(pod, container string) []specs.Mount {
	dir := "/run/containers/storage/overlay-containers/" + pod + "/userdata"
	own := "/run/containers/storage/overlay-containers/" + container + "/userdata"
	return []specs.Mount{
		{Destination: "/proc", Type: "proc", Source: "proc"},
		bind("/etc/resolv.conf", dir+"/resolv.conf", "rw", "bind", "nodev"),
		bind("/etc/hostname", dir+"/hostname", "rw", "bind"),
		bind("/dev/shm", dir+"/shm", "rw", "bind"),
		bind("/run/.containerenv", "/var/lib/containers/storage/overlay-containers/"+pod+"/userdata/.containerenv", "rw", "bind"),
		bind("/run/secrets", own+"/run/secrets", "bind", "rprivate"),
		bind("/data", own+"/mounts/0f3e", "private", "bind", "rw"),
		{Destination: "/img", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=/var/lib/containers/storage/overlay/77ab/merged:/run/crio/image-volumes"}},
		{Destination: "/sub", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=" + own + "/subpath1:/run/crio/image-volumes"}},
	}
}

// TestHostPathsOwn asks which mounts are the kubelet's and the runtime's own.
func TestHostPathsOwn(t *testing.T) {
	const pods, cri = "/var/lib/kubelet/pods/", "/var/lib/containerd/io.containerd.grpc.v1.cri/"
	for _, tt := range []struct {
		name  string
		mount specs.Mount
		own   bool
	}{
		{"volume", bind("/data", pods+"3f2a/volumes/kubernetes.io~empty-dir/data"), true},
		{"csi volume", bind("/data", pods+"3f2a/volumes/kubernetes.io~csi/pvc-1/mount"), true},
		{"all volumes", bind("/data", pods+"3f2a/volumes"), false},
		{"all volumes of a kind", bind("/data", pods+"3f2a/volumes/kubernetes.io~secret"), false},
		{"the pod's directory", bind("/data", pods+"3f2a"), false},
		{"another pod's volume", bind("/data", pods+"4444/volumes/kubernetes.io~secret/s"), false},
		{"a uid that goes on", bind("/data", pods+"3f2ab/volumes/kubernetes.io~secret/s"), false},
		{"out of the pod's directory", bind("/data", pods+"3f2a/volumes/kubernetes.io~secret/../../../../pki"), false},
		{"another kubelet", bind("/data", "/opt/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/data"), false},
		{"hosts file elsewhere", bind("/hosts", pods+"3f2a/etc-hosts"), false},
		{"another container's termination log", bind("/dev/termination-log", pods+"3f2a/containers/other/0"), false},
		{"plugins", bind("/p", pods+"3f2a/plugins/kubernetes.io~empty-dir/x"), false},
		{"sandbox file elsewhere", bind("/x", cri+"sandboxes/5d1c/hostname"), false},
		{"another pod's sandbox", bind("/etc/hostname", cri+"sandboxes/5d1d/hostname"), false},
		{"sandbox directory", bind("/etc/hostname", cri+"sandboxes/5d1c"), false},
		{"another sandbox file", bind("/etc/hostname", cri+"sandboxes/5d1c/config.json"), false},
		{"image's VOLUME", bind("/vol", cri+"containers/9b7e/volumes/ab12"), true},
		{"another container's VOLUME", bind("/vol", cri+"containers/9b7f/volumes/ab12"), false},
		{"in the container's directory", bind("/vol", cri+"containers/9b7e/other/ab12"), false},
		{"container directory", bind("/vol", cri+"containers/9b7e/status"), false},
		{"image volume", bind("/img", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1c/cafe", "ro"), true},
		{"image volume's subPath", bind("/img", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1c/cafe/etc", "ro"), true},
		{"another pod's image volume", bind("/img", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1d/cafe", "ro"), false},
		{"pseudo file system", specs.Mount{Destination: "/t", Type: "tmpfs", Source: "tmpfs"}, true},
		{"bind that says tmpfs", specs.Mount{Destination: "/t", Type: "tmpfs", Source: "/etc", Options: []string{"rbind"}}, false},
		{"bind that says nothing", specs.Mount{Destination: "/t", Source: "/etc"}, false},
		{"a device's file system", specs.Mount{Destination: "/t", Type: "ext4", Source: "/dev/sda1"}, false},
		{"overlay of the host", specs.Mount{Destination: "/t", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=/etc:/usr"}}, false},
		{"overlay of an image and the host", specs.Mount{Destination: "/t", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=/etc:/a/overlay/77/merged:/image-volumes"}}, false},
		{"overlay that is written", specs.Mount{Destination: "/t", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=/a/overlay/77/merged:/image-volumes", "upperdir=/etc"}}, false},
		{"host's shm", bind("/dev/shm", "/dev/shm"), false},
		{"relative", bind("/x", "etc"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := decide(t, newSpec(withMount(tt.mount)), "hostPaths: {}")
			if got := d.Outcome() == Allowed; got != tt.own || len(d.Violations) > 1 {
				t.Errorf("own: %v, want %v (%q)", got, tt.own, findings(d))
			}
		})
	}
	t.Run("CRI-O", func(t *testing.T) {
		spec := newSpec()
		spec.Mounts = crioMounts("5d1c", "9b7e")
		if d := decide(t, spec, "hostPaths: {}"); d.Outcome() != Allowed {
			t.Error(findings(d))
		}
		spec.Mounts = crioMounts("5d1d", "9b7f")
		if d := decide(t, spec, "hostPaths: {}"); len(d.Violations) != 7 { // all but proc and the image's overlay
			t.Error(findings(d))
		}
	})
	t.Run("ids not known", func(t *testing.T) {
		sub := subject(newSpec(withMount(bind("/vol", cri+"containers//volumes/ab12"))))
		sub.Pod.UID, sub.Pod.ID, sub.Container.Name, sub.Container.ID = "", "", "", ""
		d := compileDocs(t, policyDoc("test", "hostPaths: {}")).Evaluate(sub, Complete)
		if len(d.Violations) != 7 {
			t.Error(findings(d))
		}
	})
	t.Run("uid out of its directory", func(t *testing.T) {
		sub := subject(newSpec(withMount(bind("/x", "/var/lib/kubelet/volumes/a/b"))))
		sub.Pod.UID = ".."
		if d := compileDocs(t, policyDoc("test", "hostPaths: {}")).Evaluate(sub, Complete); len(d.Violations) != 4 {
			t.Error(findings(d))
		}
	})
	t.Run("shm of the host's ipc namespace", func(t *testing.T) {
		sub := subject(newSpec(withMount(bind("/dev/shm", "/dev/shm")), withoutNamespace(specs.IPCNamespace)))
		if d := compileDocs(t, policyDoc("test", "hostPaths: {}")).Evaluate(sub, Complete); d.Outcome() != Allowed {
			t.Error(findings(d))
		}
	})
}

// TestHostPathsOfAnUnknownNamespace: whether the host's shared memory may be
// there is judged when it is known whose the ipc namespace is.
func TestHostPathsOfAnUnknownNamespace(t *testing.T) {
	sub := subject(newSpec(withMount(bind("/dev/shm", "/dev/shm"))))
	set := compileDocs(t, policyDoc("test", "hostPaths: {}"))
	for unseen, want := range map[bool]Outcome{true: Allowed, false: Denied} {
		if sub.Pod.NamespacePathsUnseen = unseen; set.Evaluate(sub, Partial).Outcome() != want {
			t.Errorf("unseen is %t: not %s", unseen, want)
		}
	}
}

// TestHostPathsSubPath: the kubelet mounts the subPaths of hostPath volumes
// and of all others from the same place.
func TestHostPathsSubPath(t *testing.T) {
	const dir = "/var/lib/kubelet/pods/3f2a/volume-subpaths/"
	host := fakeHost{links: map[string]string{}, subpaths: map[string]string{
		dir + "data/app/0": "kubernetes.io~csi", dir + "host/app/1": "", dir + "data/other/0": "kubernetes.io~csi",
	}}
	for _, tt := range []struct {
		source, allowed string
		host            Host
		ok              bool
	}{
		{dir + "data/app/0", "/srv", host, true},
		{dir + "host/app/1", "/srv", host, false},
		{dir + "unseen/app/2", "/srv", host, false},
		{dir + "data/other/0", "/srv", host, false},
		{dir + "data/app", "/srv", host, false},
		{dir + "data/app/0", "/srv", NoHost{}, false},
		{dir + "host/app/1", "/var/lib", host, false},
		{dir + "host/app/1", dir + "host/app/1", host, true},
	} {
		sub := subject(newSpec(withMount(bind("/x", tt.source))))
		sub.Host = tt.host
		got := findings(compileDocs(t, policyDoc("test", "hostPaths: {allowed: [{path: "+tt.allowed+"}]}")).Evaluate(sub, Complete))
		var want []string
		if !tt.ok {
			want = []string{"hostPaths: host path " + tt.source + " (a subPath that may be of a hostPath volume) at /x is not allowed (allowed: " + tt.allowed + ")"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.source, got, want)
		}
	}
}

// TestHostPathsKubeletMoved: the kubelet's directory is where the host says,
// symlinks followed.
func TestHostPathsKubeletMoved(t *testing.T) {
	sub := subject(newSpec())
	sub.Spec.Mounts = []specs.Mount{
		bind("/a", "/data/kubelet/pods/3f2a/volumes/kubernetes.io~secret/a"),
		bind("/b", "/mnt/disk/kubelet/pods/3f2a/volumes/kubernetes.io~secret/a"),
		bind("/c", "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~secret/a"),
	}
	sub.Host = fakeHost{kubelet: "/data/kubelet", links: map[string]string{"/data": "/mnt/disk"}}
	want := []string{"hostPaths: host path /var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~secret/a at /c is not allowed (allowed: none)"}
	if got := findings(compileDocs(t, policyDoc("test", "hostPaths: {}")).Evaluate(sub, Complete)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
