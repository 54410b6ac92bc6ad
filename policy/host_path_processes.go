package policy

import "strings"

// procDir is where the host's processes are seen. Below each, root and cwd lead to all files that
// the process sees.
const procDir = "/proc"

// ofProcesses reports whether the path shows the host's processes.
func ofProcesses(source string) bool {
	rest, in := under(procDir, source)
	return in && showsProcess(rest)
}

// showsProcess reports whether the path in a file system of processes is its root, or below a
// process.
func showsProcess(rest string) bool {
	first, _, _ := strings.Cut(strings.Trim(rest, "/"), "/")
	return first == "" || first == "self" || first == "thread-self" || first[0] >= '0' && first[0] <= '9'
}

// showsProcesses reports whether the location is in the file system that the host has at /proc,
// wherever it is mounted.
func (j *pathJudge) showsProcesses(l Location) bool {
	proc, err := j.subject.locate(procDir)
	return err == nil && proc[0].Device == l.Device && showsProcess(l.Root)
}

// throughProcesses says why the host's processes are forbidden, too.
func throughProcesses(f *forbiddenPlace) string {
	return "it shows the host's processes, and each of them leads to the forbidden " + f.String()
}
