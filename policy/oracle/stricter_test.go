package oracle

import (
	"slices"
	"strings"
	"unicode"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// kindsOf are the kinds of abilities for which a rule refuses a container.
func kindsOf(rule string) []kind {
	return map[string][]kind{
		"privileged":               {capability, device, kernelFiles, remount},
		"capabilities":             {capability},
		"allowPrivilegeEscalation": {escalate},
		"runAsNonRoot":             {root},
		"hostNamespaces":           {hostNamespace, otherNamespace},
		"hostPaths":                {hostFiles, filesystem, remount, foreignIDs, spread},
		"volumeTypes":              {hostFiles, filesystem, remount, volume},
		"tokens":                   {token},
		"devices":                  {device, deviceNode},
		"hooks":                    {hook},
		"readOnlyRootFilesystem":   {writableRoot},
		"procMount":                {unmasked, remount},
		"mountOptions":             {runWritable, filesystem, remount},
		"sysctls":                  {sysctl},
		"env":                      {variable},
		"appArmorProfile":          {appArmor},
		"seLinuxOptions":           {seLinux},
		"resources":                {noLimit},
		"seccompProfile":           {seccomp},
		"annotations":              {annotation},
		"cgroupsPath":              {cgroup},
		"netDevices":               {netDevice},
		"oomScoreAdj":              {priority},
		"scheduler":                {priority},
		"rootfsPropagation":        {propagation},
		"intelRdt":                 {rdt},
	}[rule]
}

// on is where a rule refuses more than the oracle sees a reason for, on purpose.
type on struct {
	reason string
	rules  []string
	found  func(n node, s *specs.Spec) bool
}

// stricter are all of them.
func stricter() []on {
	return []on{
		{"no OCI runtime runs a spec without a process or a root filesystem", nil, func(_ node, s *specs.Spec) bool {
			return s.Process == nil || s.Root == nil
		}},
		{"a path with .. may lead elsewhere behind a link of the image", []string{"procMount"}, func(_ node, s *specs.Spec) bool {
			return s.Linux != nil && slices.ContainsFunc(append(slices.Clone(s.Linux.MaskedPaths), s.Linux.ReadonlyPaths...), climbs)
		}},
		{"a name of a sysctl that programs read differently, or a value that sets others", []string{"sysctls"}, oddSysctl},
		{"an AppArmor profile that is not there, with which nothing starts, or several stacked", []string{"appArmorProfile"}, func(n node, s *specs.Spec) bool {
			return s.Process != nil && (oddAppArmor(s.Process.ApparmorProfile) || !n.appArmor && s.Process.ApparmorProfile != "")
		}},
		{"SELinux labels that the kernel does not take, or files of another level", []string{"seLinuxOptions"}, func(_ node, s *specs.Spec) bool {
			return s.Process != nil && s.Process.SelinuxLabel != ""
		}},
		{"a denial among device rules is not relied on: runtimes differ", []string{"devices", "privileged"}, func(_ node, s *specs.Spec) bool {
			return s.Linux != nil && s.Linux.Resources != nil && len(s.Linux.Resources.Devices) > 1
		}},
		{"runtimes differ in what the type of a bind mount counts for", []string{"privileged"}, func(_ node, s *specs.Spec) bool {
			return slices.ContainsFunc(s.Mounts, func(m specs.Mount) bool {
				return readMount(m).bind && (m.Type == "sysfs" || strings.HasPrefix(m.Type, "cgroup"))
			})
		}},
		{"a limit in other words than the kernel's", []string{"resources"}, func(_ node, s *specs.Spec) bool {
			return s.Linux != nil && s.Linux.Resources != nil && slices.ContainsFunc([]string{"memory.max", "cpu.max", "pids.max"}, func(file string) bool {
				text, there := s.Linux.Resources.Unified[file]
				return there && (!plainText.MatchString(text) || strings.Contains(text, " ") != (file == "cpu.max"))
			})
		}},
		{"a user namespace has the host's file in the place of a device node", []string{"devices"}, func(_ node, s *specs.Spec) bool {
			return s.Linux != nil && hasNamespace(s.Linux, specs.UserNamespace)
		}},
	}
}

// reason names why a rule may refuse the spec that the oracle finds nothing in;
// "" for none.
func reason(n node, s *specs.Spec, rule string) string {
	for _, o := range stricter() {
		if (o.rules == nil || slices.Contains(o.rules, rule)) && o.found(n, s) {
			return o.reason
		}
	}
	return ""
}

func climbs(p string) bool { return slices.Contains(strings.Split(p, "/"), "..") }

func oddSysctl(_ node, s *specs.Spec) bool {
	if s.Linux == nil {
		return false
	}
	for name, value := range s.Linux.Sysctl {
		if strings.Contains(name, ".") && strings.Contains(name, "/") ||
			strings.ContainsFunc(value, func(r rune) bool { return r == '+' || unicode.IsControl(r) }) {
			return true
		}
	}
	return false
}
