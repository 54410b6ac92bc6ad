package manifest

import "strings"

// references gives the full reference of an image, as containerd stores it,
// and the reference that was asked for where that is another.
//
// Source: github.com/distribution/reference, ParseDockerRef.
func references(asked string) (full string, others []string) {
	name, digest, pinned := strings.Cut(asked, "@")
	name, tag := splitTag(name)
	domain, _, hasSlash := strings.Cut(name, "/")
	switch {
	case !hasSlash:
		name = "docker.io/library/" + name
	case !strings.ContainsAny(domain, ".:") && domain != "localhost" && strings.ToLower(domain) == domain:
		name = "docker.io/" + name
	case domain == "docker.io" && strings.Count(name, "/") == 1, domain == "index.docker.io":
		rest := strings.TrimPrefix(name, domain+"/")
		if !strings.Contains(rest, "/") {
			rest = "library/" + rest
		}
		name = "docker.io/" + rest
	}
	switch {
	case pinned: // the tag does not count then
		full = name + "@" + digest
	case tag == "":
		full = name + ":latest"
	default:
		full = name + ":" + tag
	}
	if full != asked {
		others = []string{asked}
	}
	return full, others
}

func splitTag(name string) (rest, tag string) {
	if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
		return name[:at], name[at+1:]
	}
	return name, ""
}
