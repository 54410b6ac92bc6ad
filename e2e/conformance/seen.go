package conformance

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Why specguard says something else than Kubernetes.
const (
	noProbes      = "the kubelet's probes and hooks are not told to a container runtime"
	hostProcess   = "HostProcess is for Windows"
	notMounted    = "no container mounts the volume"
	noInitPorts   = "the kubelet asks for no ports of init containers, so that they lead nowhere"
	ownSecurity   = "only containers are judged, and each says something else than its pod"
	defaultCap    = "the capability is one of the runtime's defaults, which each container has"
	heldCaps      = "a container runtime is told the capabilities that are held, not how that came about"
	noSeccomp     = "Unconfined and no profile at all are the same to a container runtime"
	mountedByCSI  = "the kubelet has the volume mounted by its CSI driver: it is a csi volume, which is allowed"
	notRoot       = "a container runtime is told the user, which is not root, and not runAsNonRoot"
	runtimesLabel = "system_u and system_r are what a runtime sets where a pod says nothing"
	badAnnotation = "the API server refuses the annotation, and a kubelet takes it for none"
	forWindows    = "for Windows"
	isPrivileged  = "a privileged container has all capabilities and devices, and no profiles"
)

// Why specguard denies what the Standards do not speak of.
const (
	oddSysctl        = "a runtime that hands the value on as text sets another sysctl (CVE-2022-0811)"
	obeyedAnnotation = "an OCI runtime takes orders from the annotation"
)

func attacks() []string { return []string{oddSysctl, obeyedAnnotation} }

// unseen is something of a pod that a node cannot see, or that has no effect
// there.
type unseen struct {
	text  string
	erase func(*corev1.Pod) // makes of a pod one that looks the same to a node, without that
}

// notSeen is all of it. What comes later builds on what came before.
func notSeen() []unseen {
	return []unseen{
		{noProbes, eachContainer(eraseHandlers)},
		{hostProcess, func(p *corev1.Pod) {
			security(p).WindowsOptions = nil
			eachContainer(func(c *corev1.Container) { c.SecurityContext.WindowsOptions = nil })(p)
		}},
		{notMounted, eraseUnmounted},
		{noInitPorts, func(p *corev1.Pod) {
			for _, c := range p.Spec.InitContainers {
				for i := range c.Ports {
					c.Ports[i].HostPort = 0
				}
			}
		}},
		{badAnnotation, eraseBadAnnotations},
		{ownSecurity, moveSecurity},
		{defaultCap, eachContainer(func(c *corev1.Container) { eraseDefaultCapabilities(c.SecurityContext) })},
		{heldCaps, eachContainer(func(c *corev1.Container) { holdCapabilities(c.SecurityContext) })},
		{noSeccomp, eachContainer(func(c *corev1.Container) {
			if p := c.SecurityContext.SeccompProfile; p != nil && p.Type == corev1.SeccompProfileTypeUnconfined {
				c.SecurityContext.SeccompProfile = nil
			}
		})},
		{mountedByCSI, eraseMigrated},
		{notRoot, eachContainer(func(c *corev1.Container) {
			if u := c.SecurityContext.RunAsUser; u != nil && *u != 0 {
				c.SecurityContext.RunAsNonRoot = new(true)
			}
		})},
		{runtimesLabel, eachContainer(eraseRuntimesLabel)},
	}
}

// eachContainer edits each container of a pod; it has a security context then.
func eachContainer(edit func(*corev1.Container)) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		one := func(c *corev1.Container) {
			if c.SecurityContext == nil {
				c.SecurityContext = &corev1.SecurityContext{}
			}
			edit(c)
		}
		for i := range p.Spec.InitContainers {
			one(&p.Spec.InitContainers[i])
		}
		for i := range p.Spec.Containers {
			one(&p.Spec.Containers[i])
		}
		for i := range p.Spec.EphemeralContainers {
			one((*corev1.Container)(&p.Spec.EphemeralContainers[i].EphemeralContainerCommon))
		}
	}
}

func security(p *corev1.Pod) *corev1.PodSecurityContext {
	if p.Spec.SecurityContext == nil {
		p.Spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	return p.Spec.SecurityContext
}

func eraseHandlers(c *corev1.Container) {
	c.LivenessProbe, c.ReadinessProbe, c.StartupProbe, c.Lifecycle = nil, nil, nil, nil
}

func eraseUnmounted(p *corev1.Pod) {
	var names []string
	eachContainer(func(c *corev1.Container) {
		for _, m := range c.VolumeMounts {
			names = append(names, m.Name)
		}
		for _, d := range c.VolumeDevices {
			names = append(names, d.Name)
		}
	})(p)
	p.Spec.Volumes = slices.DeleteFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return !slices.Contains(names, v.Name) })
}

// eraseMigrated makes csi volumes of those of types that CSI drivers have taken
// over.
func eraseMigrated(p *corev1.Pod) {
	for i := range p.Spec.Volumes {
		v := &p.Spec.Volumes[i].VolumeSource
		if v.AWSElasticBlockStore != nil || v.AzureDisk != nil || v.AzureFile != nil || v.Cinder != nil ||
			v.GCEPersistentDisk != nil || v.PortworxVolume != nil || v.VsphereVolume != nil {
			*v = corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{}}
		}
	}
}
