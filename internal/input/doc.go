// Package input reads the containers that a file describes: an OCI
// config.json, what "crictl inspect" prints on containerd and CRI-O, what
// "ctr container info" prints, or a Kubernetes manifest.
package input
