package hostfiletest

// Configuration files of container runtimes with several runtime handlers.
const (
	// ContainerdHandlers is containerd's: kata, which is the default, runc and spin.
	ContainerdHandlers = `
[plugins.'io.containerd.cri.v1.runtime'.containerd]
default_runtime_name = 'kata'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]
runtime_type = 'io.containerd.kata.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'
options = {BinaryName = '/usr/bin/crun'}
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.spin]
runtime_type = 'io.containerd.spin.v2'
`

	// CRIOHandlers is CRI-O's: crun, which is the default, kata and other.
	CRIOHandlers = `
[crio.runtime]
default_runtime = 'crun'
[crio.runtime.runtimes.crun]
runtime_path = '/usr/libexec/crio/crun'
[crio.runtime.runtimes.kata]
runtime_path = '/usr/bin/containerd-shim-kata-v2'
runtime_type = 'vm'
[crio.runtime.runtimes.other]
runtime_path = '/opt/other'
`
)
