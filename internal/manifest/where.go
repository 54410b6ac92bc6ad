package manifest

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// podNodes are the parts of a manifest that describe a pod; nil where there is none.
type podNodes struct{ spec, metadata *yaml.Node }

// nodes are the parts that describe a container.
type nodes struct {
	podNodes
	container *yaml.Node
}

// nodesOf are those of one of the pod's containers.
func nodesOf(p *podNodes, list string, i int) nodes {
	out := nodes{podNodes: *p}
	if n := lookup(p.spec, list); n != nil && i < len(follow(n).Content) {
		out.container = follow(n).Content[i]
	}
	return out
}

// Where returns the place in the manifest that a rule's finding comes from: the field that the rule
// reads, or else where the container begins. found is the finding's text.
func (c *Container) Where(rule, found string) (line, column int) {
	for _, n := range c.nodes.read(rule, found) {
		if n != nil {
			return n.Line, n.Column
		}
	}
	return c.Line, c.Column
}

// read are the nodes that a rule reads, the most telling first.
func (n *nodes) read(rule, found string) []*yaml.Node {
	switch rule {
	case "hostPaths", "volumeTypes", "mountOptions", "tokens", "procMount":
		if at := n.mount(rule, found); at != nil {
			return []*yaml.Node{at}
		}
	case "hostNamespaces":
		for _, f := range []struct{ field, word string }{{"hostNetwork", "network"}, {"hostPID", "pid"}, {"hostIPC", "ipc"}} {
			if strings.Contains(strings.ToLower(found), f.word) {
				return []*yaml.Node{n.inPod(f.field)}
			}
		}
	case "sysctls":
		return []*yaml.Node{n.inPod("securityContext", "sysctls")}
	case "annotations":
		return []*yaml.Node{n.inMetadata("annotations")}
	case "runtimeHandlers":
		return []*yaml.Node{n.inPod("runtimeClassName")}
	case "userNamespace":
		return []*yaml.Node{n.inPod("hostUsers")}
	case "images":
		return []*yaml.Node{n.in("image")}
	case "env":
		return []*yaml.Node{n.in("env")}
	case "hostPorts":
		return []*yaml.Node{n.in("ports"), n.inPod("hostNetwork")}
	case "resources", "devices":
		return []*yaml.Node{n.in("resources", "limits"), n.in("resources")}
	}
	var out []*yaml.Node
	for _, field := range securityFields(rule) {
		path := append([]string{"securityContext"}, strings.Split(field, ".")...)
		out = append(out, n.in(path...), n.inPod(path...))
	}
	return out
}

// securityFields are those of securityContext that a rule reads.
func securityFields(rule string) []string {
	switch rule {
	case "capabilities":
		return []string{"capabilities.add", "capabilities"}
	case "runAsNonRoot":
		return []string{"runAsUser", "runAsGroup", "supplementalGroups", "fsGroup", "runAsNonRoot"}
	case "privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem", "seccompProfile", "appArmorProfile", "seLinuxOptions",
		"procMount":
		return []string{rule}
	default:
		return nil
	}
}

// mount is what mounts the path that a finding speaks of: for a path of the host, the volume.
func (n *nodes) mount(rule, found string) *yaml.Node {
	mounts := n.in("volumeMounts")
	if mounts == nil {
		return nil
	}
	var best, volume *yaml.Node
	longest := 0
	for _, m := range follow(mounts).Content {
		path := lookup(m, "mountPath")
		if path == nil || len(path.Value) <= longest || !speaksOf(found, path.Value) {
			continue
		}
		best, longest, volume = path, len(path.Value), n.volume(lookup(m, "name"))
	}
	if at := hostPathOf(volume); at != nil && rule == "hostPaths" {
		return at
	}
	return best
}

// volume is the pod's volume of that name.
func (n *nodes) volume(name *yaml.Node) *yaml.Node {
	list := n.inPod("volumes")
	if list == nil || name == nil {
		return nil
	}
	for _, v := range follow(list).Content {
		if of := lookup(v, "name"); of != nil && of.Value == name.Value {
			return v
		}
	}
	return nil
}

func hostPathOf(volume *yaml.Node) *yaml.Node {
	if volume == nil {
		return nil
	}
	return lookup(volume, hostPath, "path")
}

// speaksOf reports whether a text has the path in it as a word.
func speaksOf(text, path string) bool {
	path = strings.TrimSuffix(path, "/")
	for at := 0; path != ""; at++ {
		i := strings.Index(text[at:], path)
		if i < 0 {
			return false
		}
		at += i
		if end := at + len(path); end == len(text) || strings.ContainsRune(" ,;:)\"", rune(text[end])) {
			return true
		}
	}
	return false
}

func (n *nodes) in(path ...string) *yaml.Node         { return deep(n.container, path) }
func (n *nodes) inPod(path ...string) *yaml.Node      { return deep(n.spec, path) }
func (n *nodes) inMetadata(path ...string) *yaml.Node { return deep(n.metadata, path) }

func deep(n *yaml.Node, path []string) *yaml.Node {
	if n == nil {
		return nil
	}
	return lookup(n, path...)
}
