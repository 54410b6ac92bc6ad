package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"os"
)

// users are the clients of the API server: the name of the file of each, and
// who RBAC takes it for.
var users = map[string]pkix.Name{
	"admin":              {CommonName: "admin", Organization: []string{"system:masters"}},
	"controller-manager": {CommonName: "system:kube-controller-manager"},
	"scheduler":          {CommonName: "system:kube-scheduler"},
	"kubelet":            {CommonName: "system:node:" + NodeName, Organization: []string{"system:nodes"}},
}

const kubeconfigText = `apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: "https://%s", certificate-authority-data: %s}}]
users: [{name: user, user: {client-certificate-data: %s, client-key-data: %s}}]
contexts: [{name: e2e, context: {cluster: e2e, user: user}}]
current-context: e2e
`

// kubeconfigFile is the path of a user's kubeconfig on the node.
func kubeconfigFile(user string) string { return "/etc/kubernetes/" + user + ".conf" }

// writeKeys makes an authority and writes what it issues.
func (c *Cluster) writeKeys() error {
	authority, err := newAuthority()
	if err != nil {
		return err
	}
	ca := certPEM(authority.cert.Raw)
	server, err := authority.issue(pkix.Name{CommonName: "kube-apiserver"}, "127.0.0.1", nodeAddress, "10.96.0.1",
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
	if err != nil {
		return err
	}
	tokens, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make key of service accounts: %w", err)
	}
	tokenKey, err := keyPEM(tokens)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		pki("ca.crt"):        ca,
		pki("apiserver.crt"): server.cert,
		pki("apiserver.key"): server.key,
		pki("sa.key"):        tokenKey,
	}
	for name, subject := range users {
		user, err := authority.issue(subject)
		if err != nil {
			return err
		}
		kubeconfig := func(server string) []byte {
			return fmt.Appendf(nil, kubeconfigText, server, encode(ca), encode(user.cert), encode(user.key))
		}
		if name == "admin" {
			files[pki("admin.crt")], files[pki("admin.key")] = user.cert, user.key
			if err := os.WriteFile(c.Kubeconfig, kubeconfig(c.api.Addr().String()), 0o600); err != nil {
				return fmt.Errorf("write kubeconfig: %w", err)
			}
		}
		files[kubeconfigFile(name)] = kubeconfig(apiServer)
	}
	for path, content := range files {
		if err := c.writeFile(path, content); err != nil {
			return err
		}
	}
	return nil
}

func encode(data []byte) string { return base64.StdEncoding.EncodeToString(data) }
