package manifest

import (
	"cmp"
	"path"

	"gopkg.in/yaml.v3"
)

// Facts are what a pod says that its containers' specs do not show.
type Facts struct {
	// RunAsUser: the pod chooses the container's user.
	RunAsUser bool

	// MemoryRequest is in bytes, and CPURequest in thousandths of a CPU; 0 is none.
	MemoryRequest, CPURequest int64

	// Private are files that not every user may read.
	Private []PrivateFiles
}

// PrivateFiles are files of a volume that not every user may read.
type PrivateFiles struct {
	// Volume names the volume, such as "secret volume keys", and Destination is where it is mounted.
	Volume, Destination string

	// Token: they are tokens of a service account.
	Token bool

	// Owner may read them, and the members of Group if that is not nil.
	Owner uint32
	Group *uint32
}

// facts are what the pod says of the container.
func (b *builder) facts() *Facts {
	c, p := b.container, &b.pod.Spec
	f := &Facts{
		RunAsUser:     cmp.Or(c.SecurityContext.RunAsUser, p.SecurityContext.RunAsUser) != nil,
		MemoryRequest: c.Resources.Requests["memory"].value(),
		CPURequest:    c.Resources.Requests["cpu"].milli(),
	}
	for i := range c.VolumeMounts {
		vm := &c.VolumeMounts[i]
		if v := b.pod.volume(vm.Name); v != nil {
			f.Private = append(f.Private, b.pod.private(v, absolute(vm.MountPath))...)
		}
	}
	for _, m := range b.spec.Mounts {
		if path.Base(m.Source) == automaticToken {
			f.Private = append(f.Private, b.pod.tokens(&volume{name: "of the service account"}, m.Destination, 0o644)...)
		}
	}
	return f
}

// automaticToken is the volume with the token that every container gets.
const automaticToken = "kube-api-access-00000"

// files are what is said of a volume's files: of a secret, a configMap, a downwardAPI volume, and of
// all of them in a projected one.
type files struct {
	DefaultMode *uint32  `yaml:"defaultMode"`
	Items       []item   `yaml:"items"`
	Sources     []origin `yaml:"sources"`
}

type item struct {
	Mode *uint32 `yaml:"mode"`
}

// origin is a source of a projected volume.
type origin struct {
	Secret              *files    `yaml:"secret"`
	ConfigMap           *files    `yaml:"configMap"`
	DownwardAPI         *files    `yaml:"downwardAPI"`
	ServiceAccountToken *struct{} `yaml:"serviceAccountToken"`
}

// readFrom reads what is said of files; where the type of volume has none, nothing.
func (f *files) readFrom(d *decoder, n *yaml.Node, kind, at string) error {
	switch kind {
	case "secret", "configMap", "downwardAPI", "projected":
		return d.decode(n, f, at)
	default:
		return nil
	}
}

// private are those of a volume's files that not every user may read.
//
// Source: Kubernetes, pkg/volume: the owner is root; for fsGroup, SetVolumeOwnership gives files
// to the group and lets it read them.
func (p *pod) private(v *volume, destination string) []PrivateFiles {
	const everybody, group, common = 0o004, 0o040, 0o644
	mode := uint32(common)
	if v.files.DefaultMode != nil {
		mode = *v.files.DefaultMode
	}
	least, token := mode, false
	add := func(items []item) {
		for _, i := range items {
			if i.Mode != nil {
				least &= *i.Mode
			}
		}
	}
	add(v.files.Items)
	for _, s := range v.files.Sources {
		for _, f := range []*files{s.Secret, s.ConfigMap, s.DownwardAPI} {
			if f != nil {
				add(f.Items)
			}
		}
		token = token || s.ServiceAccountToken != nil
	}
	var out []PrivateFiles
	if least&everybody == 0 {
		f := PrivateFiles{Volume: v.plugin.kind + " volume " + v.name, Destination: destination}
		switch fsGroup := p.Spec.SecurityContext.FSGroup; {
		case fsGroup != nil:
			f.Group = fsGroup
		case least&group != 0:
			f.Group = new(uint32)
		}
		out = append(out, f)
	}
	if token {
		out = append(out, p.tokens(v, destination, mode)...)
	}
	return out
}

// tokens are the tokens in a volume, if not every user may read them.
//
// Source: Kubernetes, pkg/volume/projected (collectData) and pkg/volume/util (FsUserFrom): the
// mode is 0600 if the pod has an fsGroup, or if all containers have one user, who owns them then.
func (p *pod) tokens(v *volume, destination string, mode uint32) []PrivateFiles {
	const everybody = 0o004
	f := PrivateFiles{Volume: "token volume " + v.name, Destination: destination, Token: true}
	user, group := p.commonUser(), p.Spec.SecurityContext.FSGroup
	if user == nil && group == nil && mode&everybody != 0 {
		return nil
	}
	if user != nil {
		f.Owner = *user
	}
	f.Group = group
	return []PrivateFiles{f}
}

// commonUser is the user that the pod chooses for all of its containers; nil for none.
func (p *pod) commonUser() *uint32 {
	var common *uint32
	for _, list := range [][]container{p.Spec.InitContainers, p.Spec.Containers, p.Spec.EphemeralContainers} {
		for i := range list {
			user := cmp.Or(list[i].SecurityContext.RunAsUser, p.Spec.SecurityContext.RunAsUser)
			if user == nil || common != nil && *common != *user {
				return nil
			}
			common = user
		}
	}
	return common
}
