package doctor

import "testing"

func TestProgramVersion(t *testing.T) {
	for says, want := range map[string][2]string{
		"runc version 1.5.2\ncommit: v1.5.2-0-gabc\nspec: 1.3.0\n":                                                               {"runc", "1.5.2"},
		"crun version 1.20\ncommit: 1\n":                                                                                         {"crun", "1.20"},
		"youki version 0.5.5\ncommit: 0.5.5-0-hash\n":                                                                            {"youki", "0.5.5"},
		"youki version: 0.7.0\ncommit: 0.7.0-1\n":                                                                                {"youki", "0.7.0"},
		"runsc version release-20260907.0\nspec: 1.2.0\n":                                                                        {"gvisor", "release-20260907.0"},
		"kata-runtime  : 3.27.0\n   commit   : abc\n   OCI specs: 1.2.0\n":                                                       {"kata", "3.27.0"},
		"Kata Containers containerd shim (Golang): id: \"io.containerd.kata.v2\", version: 3.27.0, commit: abc\n":                {"kata", "3.27.0"},
		"Kata Containers containerd shim (Rust): id: io.containerd.kata.v2, version: 4.0.0, commit: abc":                         {"kata", "4.0.0"},
		"NVIDIA Container Toolkit CLI version 1.17.8\ncommit: abc\n":                                                             {"nvidia-container-toolkit", "1.17.8"},
		"NVIDIA Container Runtime version 1.17.7\ncommit: abc\nspec: 1.2.0\n\nrunc version 1.2.5\ncommit: v1.2.5-0-g\nspec: 1\n": {"nvidia-container-toolkit", "1.17.7"},
		"Version: 4.2.1\nGitID: v4.2.1\n":                                                                                        {"criu", "4.2.1"},
		"Kubernetes v1.36.3\n":                                                                                                   {"kubelet", "v1.36.3"},
		"other version 1.0\n":                                                                                                    {"", ""},
		"":                                                                                                                       {"", ""},
	} {
		component, text := programVersion(says)
		if got := [2]string{component, text}; got != want {
			t.Errorf("%q: %q, want %q", says, got, want)
			continue
		}
		if v, known := parseVersion(text); component != "" && (!known || v.packaged) {
			t.Errorf("%q is no version", text)
		}
		if component != "" && data(t).upstream(component) == nil {
			t.Errorf("the list does not contain %s", component)
		}
	}
}

func TestCompanions(t *testing.T) {
	n := inspected(t, fake(t, tree{
		"usr/bin/kubelet":        programText("Kubernetes v1.28.5"),
		"usr/local/bin/kubelet":  "-> /usr/bin/kubelet",
		"usr/sbin/criu":          "#!/bin/sh\nexit 1\n",
		"opt/kata/bin/other":     programText("kata-runtime  : 1.0.0"),
		"usr/bin/nvidia-ctk":     programText("NVIDIA Container Toolkit CLI version 1.17.7"),
		"usr/bin/youki":          programText("youki version 0.5.6"),
		"usr/bin/runc":           programText("runc version 1.5.3"),
		"etc/crio/crio.conf":     "[crio.runtime.runtimes.youki]\nruntime_path = '/usr/bin/youki'\n",
		"usr/bin/kata-runtime/x": "a folder",
	}))
	n.Now = onDay("2026-11-28")
	expect(t, run(t, checkVulnerabilities, n), want{OK, "compared with"}, want{Problem, "kubelet v1.28.5 has 2"},
		want{Problem, "youki 0.5.6 has 2"}, want{Problem, "nvidia-container-toolkit 1.17.7"},
		want{OK, "none known for runc 1.5.3"}, want{Warning, "/usr/sbin/criu was not compared"})
	n.Root = ""
	if left := n.findCompanions(t.Context()); left != nil {
		t.Errorf("%+v without the host's files", left)
	}
}
