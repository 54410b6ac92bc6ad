package recordsize

import (
	"cmp"

	"github.com/containerd/nri/pkg/api"
	"google.golang.org/protobuf/proto"
)

// Record is the size of NRI's record of a container, or of a pod without its
// containers.
type Record struct {
	Namespace, Pod string
	SandboxID      string
	Container, ID  string // "" for a pod
	Size           int    // in bytes
	Parts          string // the largest parts of a large record, for people; "" for others
}

// RecordOf returns the size of the container's record, or of the pod's if the
// container is nil.
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

// Records returns the sizes of the records of all pods, and of the containers that
// have not stopped.
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

// Name names the pod, and the container if it is a container's record.
func (r Record) Name() string {
	name := r.Namespace + "/" + r.Pod
	if r.ID != "" {
		name += ", container " + r.Container
	}
	return name
}

// containerName returns the container's name. CRI-O sends it only as a label.
func containerName(ctr *api.Container) string {
	return cmp.Or(ctr.GetLabels()["io.kubernetes.container.name"], ctr.GetName(), ctr.GetId())
}
