package manifest

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/similar"
)

// volume is one of a pod's volumes.
type volume struct {
	name   string
	plugin plugin
	source source
	files  files
}

// source is what matters here of all types of volumes.
type source struct {
	Path      string `yaml:"path"`      // hostPath
	Reference string `yaml:"reference"` // image
	Driver    string `yaml:"driver"`    // flexVolume
	ReadOnly  bool   `yaml:"readOnly"`
}

// plugin is how the kubelet mounts a type of volume.
type plugin struct {
	kind     string // as the API calls it
	folder   string // that the plugin has in the pod's; "" for none
	readOnly bool   // whatever the pod says
	note     string
}

// The types of volumes that have paths of their own.
const (
	hostPath   = "hostPath"
	image      = "image"
	flexVolume = "flexVolume"
)

const (
	csiFolder = "kubernetes.io~csi"
	claimNote = "is assumed to be bound to a CSI volume"
)

// plugins are all types of volumes.
//
// Source: Kubernetes, pkg/volume: the plugins' names and GetAttributes, and
// csi-translation-lib for what CSI drivers have taken over.
func plugins() []plugin {
	const (
		byCSI   = "is mounted by its CSI driver, so that on the node it is a csi volume"
		removed = "is of a type that newer versions of Kubernetes do not have"
	)
	return []plugin{
		{kind: hostPath},
		{kind: image, readOnly: true},
		{kind: flexVolume},
		{kind: "emptyDir", folder: "kubernetes.io~empty-dir"},
		{kind: "configMap", folder: "kubernetes.io~configmap", readOnly: true},
		{kind: "secret", folder: "kubernetes.io~secret", readOnly: true},
		{kind: "projected", folder: "kubernetes.io~projected", readOnly: true},
		{kind: "downwardAPI", folder: "kubernetes.io~downward-api", readOnly: true},
		{kind: "csi", folder: csiFolder},
		claimPlugin(),
		{kind: "ephemeral", folder: csiFolder, note: claimNote},
		{kind: "nfs", folder: "kubernetes.io~nfs"},
		{kind: "iscsi", folder: "kubernetes.io~iscsi"},
		{kind: "fc", folder: "kubernetes.io~fc"},
		{kind: "gitRepo", folder: "kubernetes.io~git-repo"},

		{kind: "awsElasticBlockStore", folder: csiFolder, note: byCSI},
		{kind: "azureDisk", folder: csiFolder, note: byCSI},
		{kind: "azureFile", folder: csiFolder, note: byCSI},
		{kind: "cinder", folder: csiFolder, note: byCSI},
		{kind: "gcePersistentDisk", folder: csiFolder, note: byCSI},
		{kind: "portworxVolume", folder: csiFolder, note: byCSI},
		{kind: "vsphereVolume", folder: csiFolder, note: byCSI},

		{kind: "cephfs", folder: "kubernetes.io~cephfs", note: removed},
		{kind: "flocker", folder: "kubernetes.io~flocker", note: removed},
		{kind: "glusterfs", folder: "kubernetes.io~glusterfs", note: removed},
		{kind: "photonPersistentDisk", folder: "kubernetes.io~photon-pd", note: removed},
		{kind: "quobyte", folder: "kubernetes.io~quobyte", note: removed},
		{kind: "rbd", folder: "kubernetes.io~rbd", note: removed},
		{kind: "scaleIO", folder: "kubernetes.io~scaleio", note: removed},
		{kind: "storageos", folder: "kubernetes.io~storageos", note: removed},
	}
}

// claimPlugin is that of a claim, of which a manifest does not tell what it
// will be bound to.
func claimPlugin() plugin {
	return plugin{kind: "persistentVolumeClaim", folder: csiFolder, note: claimNote}
}

// read reads a volume: its name, and its type, which is the one other key.
func (v *volume) read(d *decoder, n *yaml.Node, at string) error {
	known := make(map[string]plugin)
	for _, p := range plugins() {
		known[p.kind] = p
	}
	v.plugin = known["emptyDir"] // which Kubernetes takes where there is none
	typed := false
	err := d.members(n, at, func(key string, val *yaml.Node) error {
		p, ok := known[key]
		switch {
		case key == "name":
			return d.decode(val, &v.name, join(at, key))
		case !ok:
			return placeOf(val).fault(at, "has a volume of unknown type %q%s", key, similar.Hint(key, slices.Sorted(maps.Keys(known))))
		case follow(val).ShortTag() == "!!null":
			return nil
		case typed:
			return placeOf(val).fault(at, "has more than one type")
		}
		v.plugin, typed = p, true
		if err := v.files.readFrom(d, val, key, join(at, key)); err != nil {
			return err
		}
		return d.decode(val, &v.source, join(at, key))
	})
	if err != nil {
		return err
	}
	switch {
	case v.name == "":
		return placeOf(n).fault(at, "has no name")
	case v.plugin.kind == hostPath && v.source.Path == "":
		return placeOf(n).fault(at, "hostPath has no path")
	}
	return nil
}

// path is where the volume is on the node; dir is the pod's folder.
func (v *volume) path(dir string, p *pod) string {
	switch v.plugin.kind {
	case hostPath:
		return v.source.Path
	case image:
		return path.Join("/run/containerd/io.containerd.grpc.v1.cri/image-volumes", p.ids.sandbox, made(v.source.Reference))
	}
	at := path.Join(dir, "volumes", v.folder(), v.name)
	if v.plugin.folder == csiFolder {
		return at + "/mount"
	}
	return at
}

// folder is what the volume's plugin is called by on the node; "" for none.
func (v *volume) folder() string {
	if v.plugin.kind == flexVolume {
		return escaped(v.source.Driver)
	}
	return v.plugin.folder
}

// note says what was assumed of the volume.
func (v *volume) note() string {
	if v.plugin.note == "" {
		return ""
	}
	return fmt.Sprintf("volume %s (%s) %s", v.name, v.plugin.kind, v.plugin.note)
}
