package policy

// safe reports whether the Pod Security Standards of that version call the sysctl safe.
func (v StandardVersion) safe(name string) bool {
	since := safeSince(name)
	return since > 0 && since <= v.minor()
}

// safeSince is the minor version of Kubernetes since which the Standards call the sysctl safe;
// 0 if they do not.
func safeSince(name string) int {
	switch name {
	case "kernel.shm_rmid_forced",
		"net.ipv4.ip_local_port_range",
		"net.ipv4.ip_unprivileged_port_start",
		"net.ipv4.ping_group_range",
		"net.ipv4.tcp_syncookies":
		return oldestStandard
	case "net.ipv4.ip_local_reserved_ports":
		return 27
	case "net.ipv4.tcp_fin_timeout",
		"net.ipv4.tcp_keepalive_intvl",
		"net.ipv4.tcp_keepalive_probes",
		"net.ipv4.tcp_keepalive_time":
		return 29
	case "net.ipv4.tcp_rmem",
		"net.ipv4.tcp_wmem":
		return 32
	case "net.ipv4.tcp_notsent_lowat",
		"net.ipv4.tcp_slow_start_after_idle":
		return 37
	default:
		return 0
	}
}

// safeSysctls names them in a message.
func (v StandardVersion) safeSysctls() string {
	if v.minor() == newestStandard {
		return "safe sysctls"
	}
	return "safe sysctls of " + string(v)
}
