package manifest

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestVolumes: every type of volume is mounted from its place, read-only where
// its type or its source says so.
func TestVolumes(t *testing.T) {
	const volumes = "/var/lib/kubelet/pods/UID/volumes/kubernetes.io~"
	for _, tt := range []struct{ volume, source, access, note string }{
		{"", volumes + "empty-dir/v", "rw", ""},
		{"emptyDir: {}", volumes + "empty-dir/v", "rw", ""},
		{"emptyDir: null, secret: {}", volumes + "secret/v", "ro", ""},
		{"hostPath: {path: /var/run/x, type: Socket}", "/var/run/x", "rw", ""},
		{"configMap: {name: a}", volumes + "configmap/v", "ro", ""},
		{"secret: {secretName: a}", volumes + "secret/v", "ro", ""},
		{"projected: {sources: []}", volumes + "projected/v", "ro", ""},
		{"downwardAPI: {items: []}", volumes + "downward-api/v", "ro", ""},
		{"csi: {driver: a, readOnly: true}", volumes + "csi/v/mount", "ro", ""},
		{"csi: {driver: a}", volumes + "csi/v/mount", "rw", ""},
		{"persistentVolumeClaim: {claimName: a}", volumes + "csi/v/mount", "rw", "volume v (persistentVolumeClaim) is assumed to be bound to a CSI volume"},
		{"ephemeral: {volumeClaimTemplate: {}}", volumes + "csi/v/mount", "rw", "volume v (ephemeral) is assumed to be bound to a CSI volume"},
		{"nfs: {server: a, path: /x, readOnly: true}", volumes + "nfs/v", "ro", ""},
		{"iscsi: {targetPortal: a}", volumes + "iscsi/v", "rw", ""},
		{"fc: {}", volumes + "fc/v", "rw", ""},
		{"gitRepo: {repository: a}", volumes + "git-repo/v", "rw", ""},
		{"flexVolume: {driver: a/b}", "/var/lib/kubelet/pods/UID/volumes/a~b/v", "rw", ""},
		{"image: {reference: data:1}", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/POD/" + made("data:1"), "ro", ""},
		{"gcePersistentDisk: {pdName: a}", volumes + "csi/v/mount", "rw", "volume v (gcePersistentDisk) is mounted by its CSI driver, so that on the node it is a csi volume"},
		{"glusterfs: {path: a}", volumes + "glusterfs/v", "rw", "volume v (glusterfs) is of a type that newer versions of Kubernetes do not have"},
	} {
		c := one(t, "volumeMounts: [{name: v, mountPath: /v}]", "volumes: [{name: v, "+tt.volume+"}]")
		m := mountAt(c, "/v")
		want := specs.Mount{Destination: "/v", Type: "bind", Source: tt.source, Options: []string{"rbind", "rprivate", tt.access}}
		if m.Source != want.Source || m.Type != want.Type || !slices.Equal(m.Options, want.Options) || notes(c) != tt.note {
			t.Errorf("%s\n got %+v %s\nwant %+v %s", tt.volume, m, notes(c), want, tt.note)
		}
	}
}

// TestVolumeMounts: how a volume is mounted.
func TestVolumeMounts(t *testing.T) {
	for _, tt := range []struct{ mount, source, options, root string }{
		{"mountPath: /v, readOnly: true", "/a", "rbind rprivate ro", ""},
		{"mountPath: v", "/a", "rbind rprivate rw", ""},
		{"mountPath: /v, readOnly: true, recursiveReadOnly: Enabled", "/a", "rbind rprivate rro", ""},
		{"mountPath: /v, readOnly: true, recursiveReadOnly: IfPossible", "/a", "rbind rprivate rro", ""},
		{"mountPath: /v, readOnly: true, recursiveReadOnly: Disabled", "/a", "rbind rprivate ro", ""},
		{"mountPath: /v, mountPropagation: None", "/a", "rbind rprivate rw", ""},
		{"mountPath: /v, mountPropagation: HostToContainer", "/a", "rbind rslave rw", "rslave"},
		{"mountPath: /v, mountPropagation: Bidirectional", "/a", "rbind rshared rw", "rshared"},
		{"mountPath: /v, subPath: b/c", "/var/lib/kubelet/pods/UID/volume-subpaths/v/app/0", "rbind rprivate rw", ""},
		{"mountPath: /v, subPathExpr: $(X)", "/var/lib/kubelet/pods/UID/volume-subpaths/v/app/0", "rbind rprivate rw", ""},
	} {
		c := one(t, "volumeMounts: [{name: v, "+tt.mount+"}]", "volumes: [{name: v, hostPath: {path: /a}}]")
		m := mountAt(c, "/v")
		if m.Source != tt.source || strings.Join(m.Options, " ") != tt.options || c.Subject.Spec.Linux.RootfsPropagation != tt.root {
			t.Errorf("%s: %+v %s", tt.mount, m, c.Subject.Spec.Linux.RootfsPropagation)
		}
	}
	c := one(t, "volumeMounts: [{name: v, mountPath: /b, mountPropagation: Bidirectional}, {name: v, mountPath: /v, mountPropagation: HostToContainer}]", "volumes: [{name: v}]")
	if got := c.Subject.Spec.Linux.RootfsPropagation; got != "rshared" {
		t.Errorf("the strongest propagation is the root's: %s", got)
	}
	c = one(t, "volumeMounts: [{name: v, mountPath: /v, subPath: b}]", "volumes: [{name: v, image: {reference: r}}]")
	if m := mountAt(c, "/v"); !strings.HasSuffix(m.Source, made("r")+"/b") {
		t.Errorf("%+v", m)
	}
	for _, sub := range []string{"/etc", "..", "a/../../b"} {
		if _, err := Derive([]byte(podManifest("volumeMounts: [{name: v, mountPath: /v, subPath: "+sub+"}]", "volumes: [{name: v}]"))); err == nil {
			t.Errorf("subPath %s", sub)
		}
	}
}

// TestMounts: what is mounted replaces what would be, and the mounts are in
// the order of their depth.
func TestMounts(t *testing.T) {
	destinations := func(c Container) string {
		var out []string
		for _, m := range c.Subject.Spec.Mounts {
			out = append(out, m.Destination)
		}
		return strings.Join(out, " ")
	}
	const kernel = "/proc /dev /dev/pts /dev/mqueue /sys /sys/fs/cgroup "
	const files = "/etc/hosts /dev/termination-log /etc/hostname /etc/resolv.conf /dev/shm"
	const token = " /var/run/secrets/kubernetes.io/serviceaccount"
	for _, tt := range []struct{ container, pod, want string }{
		{"", "", kernel + files + token},
		{"", "automountServiceAccountToken: false", kernel + files},
		{"terminationMessagePath: /log", "automountServiceAccountToken: false", kernel + "/log /etc/hosts /etc/hostname /etc/resolv.conf /dev/shm"},
		{"volumeMounts: [{name: v, mountPath: /a/b/c}, {name: v, mountPath: /a}]", "volumes: [{name: v}]", kernel + "/a " + files + " /a/b/c" + token},
		{"volumeMounts: [{name: v, mountPath: /etc/hosts}]", "volumes: [{name: v}]", kernel + files + token},
		{"volumeMounts: [{name: v, mountPath: /etc/hostname/}]", "volumes: [{name: v}]", kernel + "/etc/hostname/ /etc/hosts /dev/termination-log /etc/resolv.conf /dev/shm" + token},
		{"volumeMounts: [{name: v, mountPath: /dev}]", "volumes: [{name: v}]", "/proc /sys /sys/fs/cgroup /dev " + files + token},
		{"volumeMounts: [{name: v, mountPath: /proc}]", "volumes: [{name: v}]", "/dev /dev/pts /dev/mqueue /sys /sys/fs/cgroup /proc " + files + token},
		{"volumeMounts: [{name: v, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]", "volumes: [{name: v}]",
			kernel + files + token},
	} {
		if got := destinations(one(t, tt.container, tt.pod)); got != tt.want {
			t.Errorf("%s %s\n got %s\nwant %s", tt.container, tt.pod, got, tt.want)
		}
	}
	plain := one(t, "", "")
	for at, want := range map[string]string{
		"/etc/hosts":           "/var/lib/kubelet/pods/UID/etc-hosts rw",
		"/dev/termination-log": "/var/lib/kubelet/pods/UID/containers/app/LOG rw",
		"/etc/hostname":        "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/POD/hostname rw",
		"/etc/resolv.conf":     "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/POD/resolv.conf rw",
		"/dev/shm":             "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/POD/shm rw",
		"/var/run/secrets/kubernetes.io/serviceaccount": "/var/lib/kubelet/pods/UID/volumes/kubernetes.io~projected/kube-api-access-00000 ro",
	} {
		if m := mountAt(plain, at); m.Source+" "+m.Options[2] != want {
			t.Errorf("%+v", m)
		}
	}
	c := one(t, "securityContext: {readOnlyRootFilesystem: true}", "hostIPC: true")
	if m := mountAt(c, "/etc/hostname"); m.Options[2] != "ro" {
		t.Errorf("%+v", m)
	}
	if m := mountAt(c, "/dev/shm"); m.Source != "/dev/shm" || m.Options[2] != "rw" {
		t.Errorf("%+v", m)
	}
}

func TestEphemeralContainersGetNoToken(t *testing.T) {
	all := derive(t, podManifest("", "initContainers: [{name: i, image: i}]\nephemeralContainers: [{name: e, image: i, targetContainerName: app}]"))
	for i, want := range []bool{true, true, false} {
		if m := mountAt(all[i], "/var/run/secrets/kubernetes.io/serviceaccount"); (m.Source != "") != want {
			t.Errorf("%d: %+v", i, m)
		}
	}
}

func TestClaimTemplates(t *testing.T) {
	c := derive(t, `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  volumeClaimTemplates: [{metadata: {name: data}}]
  template:
    spec:
      volumes: [{name: data, hostPath: {path: /data}}]
      containers: [{name: app, image: i, volumeMounts: [{name: data, mountPath: /data}]}]
`)[0]
	if m := mountAt(c, "/data"); m.Source != "/var/lib/kubelet/pods/UID/volumes/kubernetes.io~csi/data/mount" {
		t.Errorf("%+v", m)
	}
}

func TestVolumeDevices(t *testing.T) {
	c := one(t, "volumeDevices: [{name: a, devicePath: /dev/a}, {name: b, devicePath: /dev/b}]",
		"volumes: [{name: a, persistentVolumeClaim: {claimName: a}}, {name: b, persistentVolumeClaim: {claimName: b, readOnly: true}}]")
	l := c.Subject.Spec.Linux
	if len(l.Devices) != 2 || l.Devices[0].Path != "/dev/a" || l.Devices[1].Type != "b" || l.Devices[0].Minor == l.Devices[1].Minor {
		t.Errorf("%+v", l.Devices)
	}
	rules := l.Resources.Devices
	if len(rules) != 3 || rules[0].Allow || rules[1].Access != "mrw" || rules[2].Access != "r" || !rules[2].Allow || *rules[2].Minor != l.Devices[1].Minor {
		t.Errorf("%+v", rules)
	}
	if want := "volume a: the number of its device is not known; volume b: the number of its device is not known"; notes(c) != want {
		t.Errorf("%s", notes(c))
	}
}

// TestPodVolume: the host knows of which volumes subPaths are.
func TestPodVolume(t *testing.T) {
	c := one(t, "", "volumes: [{name: own, emptyDir: {}}, {name: host, hostPath: {path: /a}}, {name: flex, flexVolume: {driver: example.com/b}}]")
	s := c.Subject
	dir := "/var/lib/kubelet/pods/" + s.Pod.UID
	for _, tt := range []struct {
		uid, path string
		plugin    string
		ok        bool
	}{
		{s.Pod.UID, dir + "/volume-subpaths/own/app/0", "kubernetes.io~empty-dir", true},
		{s.Pod.UID, dir + "/volume-subpaths/flex/app/0", "example.com~b", true},
		{s.Pod.UID, dir + "/volume-subpaths/host/app/0", "", true},
		{s.Pod.UID, dir + "/volume-subpaths/none/app/0", "", false},
		{s.Pod.UID, dir + "/volumes/own/app/0", "", false},
		{"other", dir + "/volume-subpaths/own/app/0", "", false},
	} {
		if plugin, ok := s.Host.PodVolume(tt.uid, tt.path); plugin != tt.plugin || ok != tt.ok {
			t.Errorf("%s: %q %t", tt.path, plugin, ok)
		}
	}
}
