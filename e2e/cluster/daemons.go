package cluster

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/specguard/specguard/e2e/scope"
)

//go:embed kubelet.sh
var kubeletScript string

// A daemon is a part of the cluster.
type daemon struct {
	name    string
	program string
	args    []string
	process *scope.Process
}

// launch starts a daemon in the namespaces.
func (c *Cluster) launch(d daemon) error {
	cmd := c.host.command(context.Background(), d.program, d.args...) // it ends with the scope
	var err error
	if d.process, err = c.scope.Spawn(cmd, c.log(d.name)); err != nil {
		return err
	}
	c.daemons = append(c.daemons, d)
	return nil
}

func (c *Cluster) log(name string) string { return c.file(name + ".log") }

// waitFor waits until ask has no error.
func (c *Cluster) waitFor(ctx context.Context, what string, ask func(context.Context) error) error {
	if err := poll(ctx, ask, c.alive); err != nil {
		return fmt.Errorf("wait for %s: %w", what, err)
	}
	return nil
}

// alive reports a daemon that has ended.
func (c *Cluster) alive() error {
	for _, d := range c.daemons {
		select {
		case <-d.process.Done():
			return fmt.Errorf("%s ended: %s", d.name, scope.Tail(c.log(d.name)))
		default:
		}
	}
	return nil
}

// respawn runs a program, and again whenever it ends, as a service manager does.
const respawn = `while :; do "$@" || true; sleep 0.2; done`

func (c *Cluster) runtime() daemon {
	return daemon{name: "runtime", program: "/bin/sh", args: append([]string{"-c", respawn, "respawn"}, c.engine.command()...)}
}

func (c *Cluster) etcd() daemon {
	const client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
	return daemon{name: "etcd", program: c.options.Kubernetes.Etcd, args: []string{
		"--data-dir=/var/lib/etcd", "--unsafe-no-fsync",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer,
	}}
}

// apiServer is the API server's address, in the cluster's network.
const apiServer = "127.0.0.1:6443"

func (c *Cluster) apiServer() daemon {
	return daemon{name: "kube-apiserver", program: c.options.Kubernetes.APIServer, args: []string{
		"--etcd-servers=http://127.0.0.1:2379",
		"--secure-port=6443", "--bind-address=0.0.0.0", "--advertise-address=" + nodeAddress,
		"--service-cluster-ip-range=" + serviceNetwork,
		"--client-ca-file=" + pki("ca.crt"), "--tls-cert-file=" + pki("apiserver.crt"), "--tls-private-key-file=" + pki("apiserver.key"),
		"--kubelet-client-certificate=" + pki("admin.crt"), "--kubelet-client-key=" + pki("admin.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + pki("sa.key"), "--service-account-signing-key-file=" + pki("sa.key"),
		"--authorization-mode=Node,RBAC",
		"--allow-privileged=true",
		"--disable-admission-plugins=PodSecurity", // what is refused here, specguard refuses
	}}
}

func (c *Cluster) controllerManager() daemon {
	return daemon{name: "kube-controller-manager", program: c.options.Kubernetes.ControllerManager, args: []string{
		"--kubeconfig=" + kubeconfigFile("controller-manager"), "--leader-elect=false", "--bind-address=127.0.0.1",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + pki("sa.key"), "--root-ca-file=" + pki("ca.crt"),
	}}
}

func (c *Cluster) scheduler() daemon {
	return daemon{name: "kube-scheduler", program: c.options.Kubernetes.Scheduler, args: []string{
		"--kubeconfig=" + kubeconfigFile("scheduler"), "--leader-elect=false", "--bind-address=127.0.0.1",
	}}
}

func (c *Cluster) kubelet() daemon {
	return daemon{name: "kubelet", program: "unshare", args: []string{
		"--mount", "--propagation", "unchanged", "/bin/sh", "-c", kubeletScript, "kubelet", c.Dir(),
		c.options.Kubernetes.Kubelet,
		"--config=" + kubeletConfig, "--kubeconfig=" + kubeconfigFile("kubelet"),
		"--hostname-override=" + NodeName, "--node-ip=" + nodeAddress,
	}}
}
