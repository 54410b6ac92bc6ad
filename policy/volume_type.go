package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// VolumeType is a type of volume by its name in the Kubernetes API, such as emptyDir, or
// unknown. A persistentVolumeClaim, like an ephemeral volume, has the type that it is bound to:
// csi if a CSI driver has provisioned it.
type VolumeType string

// The types that no folder of the kubelet is called by, and one that is a path of the host.
const (
	noVolume      VolumeType = ""
	hostPath      VolumeType = "hostPath"
	imageVolume   VolumeType = "image"
	flexVolume    VolumeType = "flexVolume"
	localVolume   VolumeType = "local"
	unknownVolume VolumeType = "unknown" // it cannot be told
)

// What is no volume of the pod, but much like one.
const (
	anonymousVolume VolumeType = "anonymous" // a VOLUME of the image
	sharedMemory    VolumeType = "shm"       // /dev/shm, unless the pod brings its own
	tmpfsMount      VolumeType = "tmpfs"     // of the container's own
	deviceTmpfs     VolumeType = "dev"       // the tmpfs that holds the devices
	runtimeFile     VolumeType = "runtimeFile"
)

// UnmarshalText reads the name of a type; an unknown one is an error that names
// the known ones.
func (v *VolumeType) UnmarshalText(text []byte) error {
	if err := claimed(string(text)); err != nil {
		return err
	}
	return oneOf(v, text, volumeTypes()...)
}

// JSONSchema lists the types.
func (VolumeType) JSONSchema() map[string]any {
	return strict.Named("volume type", strict.Enum(volumeTypes()...))
}

// ofPod reports whether it is a volume of the pod.
func (v VolumeType) ofPod() bool {
	return !slices.Contains([]VolumeType{noVolume, anonymousVolume, sharedMemory, tmpfsMount, deviceTmpfs, runtimeFile}, v)
}

// claimed refuses what is a type in a pod, but not on the node.
func claimed(name string) error {
	if name == "persistentVolumeClaim" || name == "ephemeral" {
		return fmt.Errorf("%q is not seen on the node (allowed: the type that the claim is bound to, such as csi)", name)
	}
	return nil
}

// volumeTypes are all types of volumes.
func volumeTypes() []VolumeType {
	out := []VolumeType{hostPath, imageVolume, flexVolume}
	for _, p := range volumePlugins() {
		out = append(out, p.volume)
	}
	slices.Sort(out)
	return append(out, unknownVolume)
}

// volumePlugin is one of the kubelet's, with the name of its folder in a pod's
// folder volumes, after "kubernetes.io~".
type volumePlugin struct {
	folder string
	volume VolumeType
}

// volumePlugins are those of Kubernetes 1.37, and then those that only older
// versions have.
//
// Source: Kubernetes, pkg/volume: the plugins' names, in which the kubelet makes
// ~ of the slash.
func volumePlugins() []volumePlugin {
	return []volumePlugin{
		{"configmap", "configMap"},
		{"csi", "csi"},
		{"downward-api", "downwardAPI"},
		{"empty-dir", "emptyDir"},
		{"fc", "fc"},
		{"git-repo", "gitRepo"},
		{"iscsi", "iscsi"},
		{"local-volume", localVolume},
		{"nfs", "nfs"},
		{"projected", "projected"},
		{"secret", "secret"},

		{"aws-ebs", "awsElasticBlockStore"},
		{"azure-disk", "azureDisk"},
		{"azure-file", "azureFile"},
		{"cephfs", "cephfs"},
		{"cinder", "cinder"},
		{"flocker", "flocker"},
		{"gce-pd", "gcePersistentDisk"},
		{"glusterfs", "glusterfs"},
		{"photon-pd", "photonPersistentDisk"},
		{"portworx-volume", "portworxVolume"},
		{"quobyte", "quobyte"},
		{"rbd", "rbd"},
		{"scaleio", "scaleIO"},
		{"storageos", "storageos"},
		{"vsphere-volume", "vsphereVolume"},
	}
}

// pluginVolume gives the type of the volumes in a plugin's folder. A
// FlexVolume's is called by the driver's vendor and name.
func pluginVolume(folder string) VolumeType {
	vendor, name, two := strings.Cut(folder, "~")
	switch {
	case !two || vendor == "" || name == "":
		return unknownVolume
	case vendor != "kubernetes.io":
		return flexVolume
	}
	for _, p := range volumePlugins() {
		if p.folder == name {
			return p.volume
		}
	}
	return unknownVolume
}

// pseudoVolume gives the type of a mount without files of the host. The kernel's
// file systems are no volumes.
func pseudoVolume(m *specs.Mount) VolumeType {
	switch at := mountPoint(m); {
	case m.Type != "tmpfs":
		return noVolume
	case at == "/dev":
		return deviceTmpfs
	case at == "/dev/shm":
		return sharedMemory
	default:
		return tmpfsMount
	}
}

// mountPoint is the mount's place in the container, without following links of
// the image.
func mountPoint(m *specs.Mount) string {
	if strings.HasPrefix(m.Destination, "/") {
		return path.Clean(m.Destination)
	}
	return path.Join("/", m.Destination)
}

// hostVolume gives the type of a mount that shows files of the host, which
// neither the kubelet nor the runtime has made.
func hostVolume(m *specs.Mount, err error) VolumeType {
	if err != nil || !isBind(m) {
		return unknownVolume
	}
	return hostPath
}
