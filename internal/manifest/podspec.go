package manifest

// podSpec is what matters here of a pod's spec (core/v1 PodSpec).
type podSpec struct {
	InitContainers      []container `yaml:"initContainers"`
	Containers          []container `yaml:"containers"`
	EphemeralContainers []container `yaml:"ephemeralContainers"`
	Volumes             []volume    `yaml:"volumes"`

	namespaces `yaml:",inline"`

	AutomountServiceAccountToken *bool        `yaml:"automountServiceAccountToken"`
	Hostname                     string       `yaml:"hostname"`
	OS                           osName       `yaml:"os"`
	Resources                    requirements `yaml:"resources"`
	RuntimeClassName             string       `yaml:"runtimeClassName"`
	SecurityContext              podSecurity  `yaml:"securityContext"`
}

// namespaces says which namespaces a pod shares.
type namespaces struct {
	HostNetwork           bool  `yaml:"hostNetwork"`
	HostPID               bool  `yaml:"hostPID"`
	HostIPC               bool  `yaml:"hostIPC"`
	HostUsers             *bool `yaml:"hostUsers"`
	ShareProcessNamespace bool  `yaml:"shareProcessNamespace"`
}

type osName struct {
	Name string `yaml:"name"`
}

// container is what matters here of a container (core/v1 Container and
// EphemeralContainer).
type container struct {
	At place

	Name            string            `yaml:"name"`
	Image           string            `yaml:"image"`
	Ports           []port            `yaml:"ports"`
	Resources       requirements      `yaml:"resources"`
	SecurityContext containerSecurity `yaml:"securityContext"`

	program `yaml:",inline"`
	storage `yaml:",inline"`

	// TargetContainerName is the container whose processes an ephemeral one
	// sees.
	TargetContainerName string `yaml:"targetContainerName"`
}

// program is what a container runs.
type program struct {
	Command    []string   `yaml:"command"`
	Args       []string   `yaml:"args"`
	WorkingDir string     `yaml:"workingDir"`
	Env        []variable `yaml:"env"`
	EnvFrom    []struct{} `yaml:"envFrom"`
	TTY        bool       `yaml:"tty"`
}

type variable struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

type port struct {
	ContainerPort int32  `yaml:"containerPort"`
	HostPort      int32  `yaml:"hostPort"`
	HostIP        string `yaml:"hostIP"`
	Protocol      string `yaml:"protocol"`
}

// storage is what of the pod's volumes a container sees.
type storage struct {
	VolumeMounts           []volumeMount  `yaml:"volumeMounts"`
	VolumeDevices          []volumeDevice `yaml:"volumeDevices"`
	TerminationMessagePath string         `yaml:"terminationMessagePath"`
}

type volumeMount struct {
	At place

	Name              string            `yaml:"name"`
	MountPath         string            `yaml:"mountPath"`
	SubPath           string            `yaml:"subPath"`
	SubPathExpr       string            `yaml:"subPathExpr"`
	ReadOnly          bool              `yaml:"readOnly"`
	RecursiveReadOnly recursiveReadOnly `yaml:"recursiveReadOnly"`
	MountPropagation  mountPropagation  `yaml:"mountPropagation"`
}

type volumeDevice struct {
	At place

	Name       string `yaml:"name"`
	DevicePath string `yaml:"devicePath"`
}

// podSecurity is a pod's securityContext.
type podSecurity struct {
	commonSecurity `yaml:",inline"`

	FSGroup            *uint32  `yaml:"fsGroup"`
	SupplementalGroups []uint32 `yaml:"supplementalGroups"`
	Sysctls            []sysctl `yaml:"sysctls"`
}

type sysctl struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

// containerSecurity is a container's securityContext.
type containerSecurity struct {
	commonSecurity `yaml:",inline"`

	AllowPrivilegeEscalation *bool        `yaml:"allowPrivilegeEscalation"`
	Capabilities             capabilities `yaml:"capabilities"`
	Privileged               bool         `yaml:"privileged"`
	ProcMount                procMount    `yaml:"procMount"`
	ReadOnlyRootFilesystem   bool         `yaml:"readOnlyRootFilesystem"`
}

// commonSecurity is what a pod says for all of its containers, and a container
// for itself.
type commonSecurity struct {
	AppArmorProfile *profile       `yaml:"appArmorProfile"`
	RunAsGroup      *uint32        `yaml:"runAsGroup"`
	RunAsNonRoot    *bool          `yaml:"runAsNonRoot"`
	RunAsUser       *uint32        `yaml:"runAsUser"`
	SeccompProfile  *profile       `yaml:"seccompProfile"`
	SELinuxOptions  seLinuxOptions `yaml:"seLinuxOptions"`
}

type capabilities struct {
	Add  []string `yaml:"add"`
	Drop []string `yaml:"drop"`
}

// profile is one of AppArmor or seccomp.
type profile struct {
	At place

	Type             profileType `yaml:"type"`
	LocalhostProfile string      `yaml:"localhostProfile"`
}

type seLinuxOptions struct {
	User  string `yaml:"user"`
	Role  string `yaml:"role"`
	Type  string `yaml:"type"`
	Level string `yaml:"level"`
}

// requirements are the resources of a container or a pod.
type requirements struct {
	Limits   map[string]quantity `yaml:"limits"`
	Requests map[string]quantity `yaml:"requests"`
	Claims   []claim             `yaml:"claims"`
}

type claim struct {
	Name string `yaml:"name"`
}
