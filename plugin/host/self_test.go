package host

import "testing"

func TestPodOf(t *testing.T) {
	const root = "701 602 0:55 / / ro,relatime master:9 - overlay overlay rw\n"
	for text, want := range map[string]string{
		root + "712 701 254:1 /var/lib/kubelet/pods/42de9c5e-febf/etc-hosts /etc/hosts rw,relatime - ext4 /dev/vda1 rw\n": "42de9c5e-febf",
		root + "712 701 254:7 /pods/42de9c5e-febf/etc-hosts /etc/hosts rw,relatime - ext4 /dev/vdb rw\n":                  "42de9c5e-febf",
		root + "712 701 254:1 /var/lib/kubelet/pods/42de9c5e-febf/etc-hosts /mnt rw - ext4 /dev/vda1 rw\n":                "",
		root + "712 701 254:1 /etc/hosts /etc/hosts rw,relatime - ext4 /dev/vda1 rw\n":                                    "",
		root: "",
	} {
		if got := podOf([]byte(text)); got != want {
			t.Errorf("%q, want %q, in\n%s", got, want, text)
		}
	}
}
