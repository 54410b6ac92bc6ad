package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// ids are those of a pod. They are made of the whole manifest, so that none can
// be written in it: rules tell the kubelet's and the runtime's own paths by
// them.
type ids struct{ pod, sandbox string }

func newIDs(seed []byte) ids {
	u := made(string(seed) + "/pod")
	return ids{
		pod:     strings.Join([]string{u[:8], u[8:12], u[12:16], u[16:20], u[20:32]}, "-"),
		sandbox: made(string(seed) + "/sandbox"),
	}
}

// container is the id of a container of the pod.
func (i ids) container(name string) string { return made(i.sandbox + "/" + name) }

// made makes an id of 64 hexadecimal digits.
func made(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// escaped is a qualified name as the kubelet writes it in paths.
func escaped(name string) string { return strings.ReplaceAll(name, "/", "~") }
