// Package manifest derives from Kubernetes manifests the containers that a
// kubelet and containerd would make of them, for policies to judge before
// anything runs.
//
// A manifest is not complete. What it leaves open gets Kubernetes' defaults. What only the image
// or the node shows is assumed, and noted if a policy may depend on it: the image's user, groups,
// entry point and variables are not known, the node has AppArmor, SELinux and control groups
// version 2 in their default state. The ids of pods and containers are made up. Left out is what
// no rule reads: the paths of control groups, OOM scores, huge pages.
//
// Sources: Kubernetes 1.37, pkg/kubelet (kubelet_pods.go, kuberuntime) and
// pkg/securitycontext; containerd 2.4, internal/cri/server and
// internal/cri/opts.
//
// The few fields of Kubernetes that matter are declared here: k8s.io/api with
// its decoder would add 8 MB to every program, half of what specguard has.
package manifest
