package synchronize

import (
	"cmp"

	"github.com/containerd/nri/pkg/api"
	"google.golang.org/protobuf/proto"
)

// Record is how much NRI sends of a container, or of a pod without its
// containers.
type Record struct {
	Namespace, Pod string
	SandboxID      string
	Container, ID  string // "" for a pod
	Size           int
	Parts          string // what a large one is made of
}

// RecordOf is the container's record, or the pod's if the container is nil.
func RecordOf(pod *api.PodSandbox, ctr *api.Container) Record {
	r := Record{Namespace: pod.GetNamespace(), Pod: pod.GetName(), SandboxID: pod.GetId()}
	var message proto.Message = pod
	if ctr != nil {
		message, r.Container, r.ID = ctr, containerName(ctr), ctr.GetId()
	}
	if r.Size = proto.Size(message); r.Size > MinContainer {
		r.Parts = parts(message)
	}
	return r
}

// Records are those of all pods and of the containers of which NRI tells.
func Records(pods []*api.PodSandbox, ctrs []*api.Container) []Record {
	out := make([]Record, 0, len(pods)+len(ctrs))
	byID := make(map[string]*api.PodSandbox, len(pods))
	for _, pod := range pods {
		byID[pod.GetId()] = pod
		out = append(out, RecordOf(pod, nil))
	}
	for _, ctr := range ctrs {
		if ctr.GetState() != api.ContainerState_CONTAINER_STOPPED {
			out = append(out, RecordOf(cmp.Or(byID[ctr.GetPodSandboxId()], &api.PodSandbox{Id: ctr.GetPodSandboxId()}), ctr))
		}
	}
	return out
}

// Name names the pod, and the container if it is one's.
func (r Record) Name() string {
	name := r.Namespace + "/" + r.Pod
	if r.ID != "" {
		name += ", container " + r.Container
	}
	return name
}

// containerName is the container's name; CRI-O tells it in a label alone.
func containerName(ctr *api.Container) string {
	return cmp.Or(ctr.GetLabels()["io.kubernetes.container.name"], ctr.GetName(), ctr.GetId())
}
