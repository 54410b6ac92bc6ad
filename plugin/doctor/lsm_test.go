package doctor

import "testing"

func TestLSM(t *testing.T) {
	const armor, se = "sys/module/apparmor/parameters/enabled", "sys/fs/selinux/enforce"
	const profiles = "sys/kernel/security/apparmor/profiles"
	for _, test := range []struct {
		name  string
		files tree
		want  []want
	}{
		{"AppArmor", tree{armor: "Y\n", profiles: "a (enforce)\nb (complain)\n", "proc/filesystems": "nodev sysfs\n"},
			[]want{{OK, "of 2 loaded profiles 1 confine"}}},
		{"AppArmor, not readable", tree{armor: "Y\n", "proc/filesystems": "nodev sysfs\n"}, []want{{Warning, "cannot be read"}}},
		{"SELinux", tree{"sys/module/x/y": "", se: "1"}, []want{{OK, "SELinux is on and enforces"}}},
		{"permissive", tree{"sys/module/x/y": "", se: "0"}, []want{{Warning, "permissive"}}},
		{"selinuxfs elsewhere", tree{"sys/module/x/y": "", "proc/filesystems": "nodev selinuxfs\n"}, []want{{Warning, "whether it enforces"}}},
		{"both", tree{armor: "Y\n", profiles: "", se: "1"}, []want{{OK, "AppArmor"}, {OK, "SELinux"}}},
		{"neither", tree{armor: "N\n", "proc/filesystems": "nodev sysfs\n"}, []want{{Warning, "neither"}}},
		{"not seen", nil, []want{{Warning, "cannot be seen"}}},
	} {
		t.Run(test.name, func(t *testing.T) { expect(t, run(t, checkLSM, fake(t, test.files)), test.want...) })
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
		{"strict only", tree{actions: "kill_thread\n"}, want{Problem, "cannot refuse"}},
		{"none", nil, want{Problem, "CONFIG_SECCOMP_FILTER"}},
	} {
		t.Run(test.name, func(t *testing.T) { expect(t, run(t, checkSeccomp, fake(t, test.files)), test.want) })
	}
}
