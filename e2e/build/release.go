package build

import "strings"

// A Release is a version of a container runtime to build.
type Release struct {
	Project Project
	// Version without the leading v.
	Version string
	// NRI, if set, replaces the version of the NRI module that this
	// containerd was released with, for behaviour that only later ones have.
	NRI string
}

// A Project makes a container runtime.
type Project string

// The projects whose runtimes can be built.
const (
	ProjectContainerd Project = "containerd"
	ProjectCRIO       Project = "cri-o"
)

// The releases that the tests run on.
var (
	// Containerd2 is current; it comes with NRI 0.12.3.
	Containerd2 = Release{Project: ProjectContainerd, Version: "2.4.2"}
	// Containerd2NRI is the same with the NRI that knows failure policies.
	Containerd2NRI = Release{Project: ProjectContainerd, Version: "2.4.2", NRI: "v0.12.5"}
	// Containerd22 restores containers from checkpoints that it gets as images;
	// it comes with NRI 0.11.0, which shows no image.
	Containerd22 = Release{Project: ProjectContainerd, Version: "2.2.0"}
	// Containerd1 is the last series before 2.0; it comes with NRI 0.8.0.
	Containerd1 = Release{Project: ProjectContainerd, Version: "1.7.35"}
	// CRIO is the Go module of that version: a commit of May 2025, before the
	// release. It comes with a snapshot of NRI between 0.9.0 and 0.10.0.
	CRIO = Release{Project: ProjectCRIO, Version: "1.34.0"}
)

// Major is the first number of containerd's version; "" for other projects.
func (r Release) Major() string {
	if r.Project != ProjectContainerd {
		return ""
	}
	major, _, _ := strings.Cut(r.Version, ".")
	return major
}

// String is the version; in front of it the project, if that is not containerd.
func (r Release) String() string {
	name := r.Version
	if r.Project != ProjectContainerd {
		name = string(r.Project) + "-" + name
	}
	if r.NRI != "" {
		name += "-nri-" + strings.TrimPrefix(r.NRI, "v")
	}
	return name
}

// Name is the release as people say it.
func (r Release) Name() string { return string(r.Project) + " " + r.Version }

// module is the path of the Go module that the release lives in.
func (r Release) module() string {
	switch {
	case r.Project == ProjectCRIO:
		return "github.com/cri-o/cri-o"
	case r.Major() == "1":
		return "github.com/containerd/containerd"
	default:
		return "github.com/containerd/containerd/v" + r.Major()
	}
}
