package policy

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func disk(path string, major, minor int64) specs.LinuxDevice {
	return specs.LinuxDevice{Path: path, Type: "b", Major: major, Minor: minor}
}

// withDevice gives the container a device as CRI does: its node, and its use.
func withDevice(n specs.LinuxDevice, access string) option {
	return func(s *specs.Spec) {
		withNodes(n)(s)
		s.Linux.Resources.Devices = append(s.Linux.Resources.Devices, grant(n.Type, n.Major, n.Minor, access))
	}
}

func TestDevicesDriver(t *testing.T) {
	host := fakeHost{drivers: map[string]string{"c 511:*": "nvidia-uvm", "c 10:125": "sgx_enclave", "c 508:*": "nvme-generic"}}
	const rule = `devices: {allowed: [{path: "/dev/nvidia-uvm*", driver: nvidia-uvm}, {path: /dev/sgx_enclave, driver: sgx_enclave, access: rw}]}`
	for name, tt := range map[string]struct {
		device specs.LinuxDevice
		access string
		host   Host
		fine   bool
	}{
		"the driver's":                   {char("/dev/nvidia-uvm", 511, 0), "rwm", host, true},
		"another of the driver's":        {char("/dev/nvidia-uvm-tools", 511, 1), "rwm", host, true},
		"of a shared major":              {char("/dev/sgx_enclave", 10, 125), "rw", host, true},
		"raw disk under the name":        {char("/dev/nvidia-uvm", 508, 0), "rwm", host, false},
		"memory under the name":          {char("/dev/nvidia-uvm", 1, 1), "rwm", host, false},
		"a disk of the number":           {disk("/dev/nvidia-uvm", 511, 0), "rwm", host, false},
		"the driver's, under another":    {char("/dev/x", 511, 0), "rwm", host, false},
		"a neighbour of a shared major":  {char("/dev/sgx_enclave", 10, 126), "rw", host, false},
		"a node that cannot be asked":    {char("/dev/nvidia-uvm", 511, 0), "rwm", NoHost{}, false},
		"a node without the driver":      {char("/dev/nvidia-uvm", 511, 0), "rwm", fakeHost{}, false},
		"a negative number":              {char("/dev/nvidia-uvm", 511, -1), "rwm", host, false},
		"a number beyond what a type is": {char("/dev/nvidia-uvm", 511+1<<32, 0), "rwm", host, false},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec(withDevice(tt.device, tt.access)))
			sub.Host = tt.host
			if d := compileDocs(t, policyDoc("test", rule)).Evaluate(sub, Complete); (d.Outcome() == Allowed) != tt.fine {
				t.Errorf("%s %s", d.Outcome(), d.Message())
			}
		})
	}
}

func TestDevicesOfVolumes(t *testing.T) {
	host := fakeHost{disks: map[string]string{"b 252:16": "3f2a", "b 252:32": "4444"}}
	const rule = "devices: {allowVolumeDevices: true}"
	for name, tt := range map[string]struct {
		device specs.LinuxDevice
		rule   string
		host   Host
		edits  []option
		fine   bool
	}{
		"the pod's":                   {disk("/data", 252, 16), rule, host, nil, true},
		"not allowed":                 {disk("/data", 252, 16), "devices: {}", host, nil, false},
		"another pod's":               {disk("/data", 252, 32), rule, host, nil, false},
		"the host's":                  {disk("/data", 8, 0), rule, host, nil, false},
		"a character device":          {char("/data", 252, 16), rule, host, nil, false},
		"a node that cannot be asked": {disk("/data", 252, 16), rule, NoHost{}, nil, false},
		"in a user namespace":         {disk("/dev/sda", 252, 16), rule, host, []option{withUserNamespace(100_000, 100_000)}, false},
		"behind a folder":             {disk("/data/../x", 252, 16), rule, host, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec(append(tt.edits, withDevice(tt.device, "rwm"))...))
			sub.Host = tt.host
			if d := compileDocs(t, policyDoc("test", tt.rule)).Evaluate(sub, Complete); (d.Outcome() == Allowed) != tt.fine {
				t.Errorf("%s %s", d.Outcome(), d.Message())
			}
		})
	}
	sub := subject(newSpec(withDeviceRules(denyAll(), grant("b", 252, -1, "rw"))))
	sub.Host = host
	if d := compileDocs(t, policyDoc("test", rule)).Evaluate(sub, Complete); d.Outcome() != Denied {
		t.Error("a rule for all of a volume's major number is allowed")
	}
}

// TestDevicesOfBaseline: what device plugins give passes, what a disk or the
// host's memory is does not.
func TestDevicesOfBaseline(t *testing.T) {
	host := fakeHost{drivers: map[string]string{"c 511:*": "nvidia-uvm", "c 509:*": "nvidia-caps", "c 240:*": "kfd", "c 10:125": "sgx_enclave"}}
	for _, tt := range []struct {
		device specs.LinuxDevice
		fine   bool
	}{
		{char("/dev/fuse", 10, 229), true},
		{char("/dev/net/tun", 10, 200), true},
		{char("/dev/kvm", 10, 232), true},
		{char("/dev/nvidia0", 195, 0), true},
		{char("/dev/nvidiactl", 195, 255), true},
		{char("/dev/nvidia-modeset", 195, 254), true},
		{char("/dev/nvidia-uvm-tools", 511, 1), true},
		{char("/dev/nvidia-caps/nvidia-cap1", 509, 1), true},
		{char("/dev/dri/renderD128", 226, 128), true},
		{char("/dev/accel/accel0", 261, 0), true},
		{char("/dev/kfd", 240, 0), true},
		{char("/dev/sgx_enclave", 10, 125), true},
		{disk("/dev/sda", 8, 0), false},
		{disk("/dev/nvidia0", 8, 0), false},
		{char("/dev/nvidia0", 1, 1), false},
		{char("/dev/kmsg", 1, 11), false},
		{char("/dev/mem", 1, 1), false},
		{char("/dev/nvidia-uvm", 248, 0), false},
		{char("/dev/vhost-vsock", 10, 241), false},
		{char("/dev/loop-control", 10, 237), false},
	} {
		sub := subject(newSpec(restricted, withDevice(tt.device, "rwm")))
		sub.Spec.Process.ApparmorProfile = "cri-containerd.apparmor.d"
		sub.Host = host
		for _, profile := range []string{"baseline", "restricted"} {
			if d := compileDocs(t, profilePolicy(profile)).Evaluate(sub, Complete); (d.Outcome() == Allowed) != tt.fine {
				t.Errorf("%s: %s: %s %s", profile, nodeName(&tt.device), d.Outcome(), d.Message())
			}
		}
	}
}
