package doctor

import (
	"path/filepath"
	"testing"
)

func TestOCIRuntime(t *testing.T) {
	const containerdConfig = "etc/containerd/config.toml"
	runc := programText("runc version 1.1.5+ds1\ncommit: x")
	for _, test := range []struct {
		name  string
		files tree
		loose string // a file that others can write
		want  []want
	}{
		{"none", nil, "", []want{{Warning, "neither runc nor crun"}}},
		{"runc", tree{"usr/sbin/runc": runc}, "", []want{{OK, "runc 1.1.5+ds1 at /usr/sbin/runc"}}},
		{"crun", tree{"usr/libexec/crio/crun": programText("crun version 1.8.1")}, "", []want{{OK, "crun 1.8.1 at /usr/libexec/crio/crun"}}},
		{"by two names", tree{"usr/sbin/runc": runc, "sbin": "-> /usr/sbin"}, "", []want{{OK, "/usr/sbin/runc"}}},
		{"configured", tree{"opt/bin/runc": runc, containerdConfig: `
			[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
			BinaryName = '/opt/bin/runc'`}, "", []want{{OK, "/opt/bin/runc"}}},
		{"configured for the wrapper", tree{"opt/bin/crun": programText("crun version 1.20"),
			"etc/specguard/runtime.yaml": "runtimes: {specguard-crun: /opt/bin/crun}"}, "", []want{{OK, "crun 1.20 at /opt/bin/crun"}}},
		{"the wrapper itself", tree{"usr/sbin/runc": runc, "usr/local/bin/specguard-runtime": programText("runc version 9.9.9"), containerdConfig: `
			[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc.options]
			BinaryName = '/usr/local/bin/specguard-runtime'`}, "", []want{{OK, "runc 1.1.5+ds1"}}},
		{"configured, missing", tree{"etc/specguard/runtime.yaml": "runtimes: {specguard-crun: /opt/bin/crun}"}, "",
			[]want{{Problem, "stat /opt/bin/crun: no such file"}}},
		{"another", tree{"opt/bin/other": programText("other version 2"),
			"etc/specguard/runtime.yaml": "runtimes: {specguard-other: /opt/bin/other}"}, "", []want{{Warning, "neither runc nor crun"}}},
		{"gVisor's", tree{"opt/bin/runsc": programText("runsc version release-20260907.0\nspec: 1.2.0"),
			"etc/specguard/runtime.yaml": "runtimes: {specguard-runsc: /opt/bin/runsc}"}, "", []want{{OK, "gvisor release-20260907.0 at /opt/bin/runsc"}}},
		{"NVIDIA's", tree{"usr/bin/nvidia-container-runtime": programText("NVIDIA Container Runtime version 1.17.8\ncommit: x\n\nrunc version 1.2.5"), containerdConfig: `
			[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.nvidia.options]
			BinaryName = '/usr/bin/nvidia-container-runtime'`}, "", []want{{OK, "nvidia-container-toolkit 1.17.8 at"}}},
		{"fails", tree{"usr/bin/crun": "#!/bin/sh\nexit 3\n"}, "", []want{{Warning, "exit status 3"}}},
		{"tells no version", tree{"usr/bin/crun": programText("crun version UNKNOWN")}, "", []want{{Warning, `"UNKNOWN"`}}},
		{"others can write it", tree{"usr/sbin/runc": runc}, "usr/sbin/runc", []want{{Problem, "can be written by others"}}},
		{"others can replace it", tree{"usr/sbin/runc": runc}, "usr/sbin", []want{{Problem, "/usr/sbin can be written by others"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := fake(t, test.files)
			if test.loose != "" {
				chmod(t, filepath.Join(n.Root, test.loose), 0o777)
			}
			serveCRI(t, n.ContainerdSocket, "containerd", "2.4.2")
			expect(t, run(t, checkOCIRuntime, inspected(t, n)), test.want...)
		})
	}
}

// TestLooseProgramIsNotRun has a program that leaves a file behind when it is run.
func TestLooseProgramIsNotRun(t *testing.T) {
	n := fake(t, nil)
	mark := filepath.Join(n.Root, "ran")
	n = fake(t, tree{"usr/sbin/runc": "#!/bin/sh\ntouch " + mark + "\necho runc version 1.1.5\n"})
	chmod(t, filepath.Join(n.Root, "usr/sbin/runc"), 0o757)
	if n = inspected(t, n); n.programs[0].version.text != "" {
		t.Errorf("it was asked: %+v", n.programs)
	}
	if left, _ := filepath.Glob(mark); len(left) > 0 {
		t.Error("it was run")
	}
}
