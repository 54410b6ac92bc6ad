package install

import (
	"context"
	"errors"
	"fmt"
)

const (
	containerdConfig = "/etc/containerd/config.toml"
	crioConfig       = "/etc/crio/crio.conf"
)

var errWhose = errors.New("--runtime-config needs --runtime containerd or --runtime crio")

// choose returns which container runtime the node has, by its configuration, or else by its
// program.
func (i *installer) choose() (string, error) {
	switch i.Runtime {
	case "containerd", "crio":
		return i.Runtime, nil
	case "auto":
	default:
		return "", fmt.Errorf("runtime %q is not one of auto, containerd, crio", i.Runtime)
	}
	if i.Config != "" {
		return "", errWhose
	}
	containerd := i.tree.isFile(containerdConfig)
	crio := i.tree.isFile(crioConfig) || i.tree.isDir(dropInFolder(crioConfig))
	if containerd == crio {
		_, containerd = i.tree.find("containerd")
		_, crio = i.tree.find("crio")
	}
	switch {
	case containerd && crio:
		return "", errors.New("found both containerd and CRI-O: name the one that the kubelet uses (--runtime)")
	case containerd:
		return "containerd", nil
	case crio:
		return "crio", nil
	default:
		return "", fmt.Errorf("found neither containerd nor CRI-O below %s", i.tree.root)
	}
}

// open prepares for a runtime.
func (i *installer) open(ctx context.Context, name string, s scratch) (runtime, error) {
	program, ok := i.tree.find(name)
	if !ok {
		return nil, fmt.Errorf("%s does not exist below %s: cannot read its configuration", name, i.tree.root)
	}
	if name == "crio" {
		return newCRIO(i, s, program), nil
	}
	return newContainerd(ctx, i, s, program)
}
