package doctor

import "testing"

func TestLSM(t *testing.T) {
	const armor, se = "sys/module/apparmor/parameters/enabled", "sys/fs/selinux/enforce"
	const profiles, parser = "sys/kernel/security/apparmor/profiles", "sbin/apparmor_parser"
	for _, test := range []struct {
		name  string
		files tree
		want  []want
	}{
		{"AppArmor", tree{armor: "Y\n", parser: "#!", profiles: "a (enforce)\nb (complain)\n", "proc/filesystems": "nodev sysfs\n"},
			[]want{{OK, "of 2 loaded profiles 1 confine"}}},
		{"AppArmor, not readable", tree{armor: "Y\n", parser: "#!", "proc/filesystems": "nodev sysfs\n"}, []want{{Warning, "cannot be read"}}},
		{"no parser", tree{armor: "Y\n", profiles: "a (enforce)\n", "proc/filesystems": "nodev sysfs\n"},
			[]want{{OK, "AppArmor is on"}, {Warning, "/sbin/apparmor_parser cannot be run (stat /sbin/apparmor_parser: no such file or directory): containerd and CRI-O give containers no profile"}}},
		{"SELinux", tree{"sys/module/x/y": "", se: "1"}, []want{{OK, "SELinux is on and enforces"}}},
		{"permissive", tree{"sys/module/x/y": "", se: "0"}, []want{{Warning, "permissive"}}},
		{"selinuxfs elsewhere", tree{"sys/module/x/y": "", "proc/filesystems": "nodev selinuxfs\n"}, []want{{Warning, "whether it enforces"}}},
		{"both", tree{armor: "Y\n", parser: "#!", profiles: "", se: "1"}, []want{{OK, "AppArmor"}, {OK, "SELinux"}}},
		{"neither", tree{armor: "N\n", "proc/filesystems": "nodev sysfs\n"}, []want{{Warning, "neither"}}},
		{"not seen", nil, []want{{Warning, "cannot see whether"}}},
	} {
		t.Run(test.name, func(t *testing.T) { expect(t, run(t, checkLSM, fake(t, test.files)), test.want...) })
	}
}

// TestDefaultProfiles looks for the profile of each runtime.
func TestDefaultProfiles(t *testing.T) {
	for _, test := range []struct {
		name, profiles string
		runtimes       []string
		want           []want
	}{
		{"loaded", "cri-containerd.apparmor.d (enforce)\ncrio-default (enforce)\n", []string{containerd, crio}, nil},
		{"containerd's is not", "crio-default (enforce)\n", []string{containerd}, []want{{Warning, "cri-containerd.apparmor.d of containerd is not loaded: apply: RuntimeDefault denies what it should adjust -> systemctl enable --now specguard-apparmor.service"}}},
		{"CRI-O's is not", "cri-containerd.apparmor.d (enforce)\n", []string{crio}, []want{{Warning, "crio-default of cri-o is not loaded"}}},
		{"neither", "", []string{containerd, crio}, []want{{Warning, "cri-containerd.apparmor.d"}, {Warning, "crio-default"}}},
		{"complains", "cri-containerd.apparmor.d (complain)\n", []string{containerd}, []want{{Warning, "confines nothing"}}},
		{"no runtime", "", nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := fake(t, tree{"sys/module/apparmor/parameters/enabled": "Y\n", "sys/kernel/security/apparmor/profiles": test.profiles, "sbin/apparmor_parser": "#!"})
			for _, name := range test.runtimes {
				n.runtimes = append(n.runtimes, containerRuntime{component: name})
			}
			expect(t, n.defaultProfiles(n.host.AppArmor()), test.want...)
		})
	}
}

func TestSeccomp(t *testing.T) {
	const actions = "proc/sys/kernel/seccomp/actions_avail"
	for _, test := range []struct {
		name  string
		files tree
		want  want
	}{
		{"available", tree{actions: "kill_process kill_thread trap errno user_notif trace log allow\n"}, want{OK, "available"}},
		{"strict only", tree{actions: "kill_thread\n"}, want{Problem, "cannot deny"}},
		{"none", nil, want{Problem, "CONFIG_SECCOMP_FILTER"}},
	} {
		t.Run(test.name, func(t *testing.T) { expect(t, run(t, checkSeccomp, fake(t, test.files)), test.want) })
	}
}
