package policy

import (
	_ "crypto/sha256" // for package digest
	_ "crypto/sha512"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"

	"github.com/specguard/specguard/internal/strict"
)

// ImagePattern is a pattern of image names, with the wildcards of a Glob. It is compared with
// full names, so a short name stands for the full name that the container runtimes give it:
// redis is docker.io/library/redis, team/web is docker.io/team/web. A pattern without a tag
// and a digest covers all tags and digests. ** is every image.
type ImagePattern string

// everyImage is the pattern that covers all images, those without a name too.
const everyImage ImagePattern = "**"

// maxAlternatives bounds how many patterns one with {a,b} stands for.
const maxAlternatives = 64

// UnmarshalText reads a pattern and completes its name. What cannot be the name of an image is
// an error.
func (p *ImagePattern) UnmarshalText(text []byte) error {
	written := string(text)
	if err := readPattern(text); err != nil {
		return err
	}
	if written == "*" {
		return fmt.Errorf(`"*" covers no image below a folder; write "**" for every image`)
	}
	all := alternatives(written)
	if len(all) > maxAlternatives {
		return fmt.Errorf("%q stands for more than %d patterns; write several entries", text, maxAlternatives)
	}
	for i, one := range all {
		full, ok := fullImage(one)
		if !ok {
			return fmt.Errorf("%q is not an image (allowed: names and patterns such as nginx, registry.example.com/team/web:1, "+
				"registry.example.com/**)", text)
		}
		if full != string(everyImage) && !strings.Contains(full, "/") {
			return fmt.Errorf("%q matches no image: ** crosses slashes only where it stands alone between them (write %q)", text,
				"**/*"+strings.TrimLeft(full, "*"))
		}
		all[i] = full
	}
	*p = ImagePattern(all[0])
	if len(all) > 1 {
		*p = ImagePattern("{" + strings.Join(all, ",") + "}")
	}
	return nil
}

// Doubt tells of a pattern that covers fewer images than it seems to: a name without a registry is one
// of docker.io/library, whatever wildcards it has.
func (p *ImagePattern) Doubt(text string) error {
	for _, one := range alternatives(text) {
		if name, _, _ := strings.Cut(one, "@"); !strings.Contains(name, "/") && strings.IndexAny(name, "*?[") == 0 && name != "**" {
			return fmt.Errorf("%q covers only images of docker.io/library (write %q for those of every registry, %q for these)", one,
				"**/"+one, "docker.io/library/"+one)
		}
	}
	return doubtFolders(text)
}

// coversEvery reports whether the pattern covers every image that has a name: a registry, and at least
// one part below it.
func (p ImagePattern) coversEvery() bool {
	names := []string{"a/b", "aa/bb", "a/b/c", "aa/bb/cc", "a/b/c/d"}
	return slices.ContainsFunc(alternatives(string(p)), func(one string) bool {
		other := func(name string) bool { return !Glob(one).Match(name) }
		return strings.Trim(one, "*?/") == "" && !slices.ContainsFunc(names, other)
	})
}

// covers reports whether the pattern certainly covers every image that the other one covers.
func (p ImagePattern) covers(other ImagePattern) bool {
	if p == other || p.coversEvery() {
		return true
	}
	own := alternatives(string(p))
	return !slices.ContainsFunc(alternatives(string(other)), func(one string) bool {
		return !slices.ContainsFunc(own, func(mine string) bool { return coversAll(mine, one) })
	})
}

// coveredBy gives the first of the patterns that covers all that the other one covers; -1 for none.
func coveredBy(patterns []ImagePattern, other ImagePattern) int {
	return slices.IndexFunc(patterns, func(p ImagePattern) bool { return p.covers(other) })
}

// coversAll is covers of patterns without alternatives.
func coversAll(pattern, other string) bool {
	folder, below := strings.CutSuffix(pattern, "**")
	start := imageStart(other)
	if i := strings.IndexAny(start, "*?["); i >= 0 {
		start = start[:i]
	}
	literal := !strings.ContainsAny(other, "*?[")
	return pattern == other || pattern == imageStart(other) ||
		below && strings.HasSuffix(folder, "/") && !strings.ContainsAny(folder, "*?[") && strings.HasPrefix(start, folder) ||
		literal && (Glob(pattern).Match(other) || Glob(pattern).Match(start))
}

// JSONSchema requires some text: JSON Schema cannot say more of it.
func (ImagePattern) JSONSchema() map[string]any {
	return strict.Named("imagePattern", map[string]any{"type": "string", "minLength": 1})
}

// matchImage reports whether a pattern covers the image. A reference that is no name, such as the
// id of an image, is covered by ** only.
func matchImage(patterns []ImagePattern, image string) bool {
	return slices.Contains(patterns, everyImage) || matchFullName(patterns, image)
}

// matchFullName reports whether a pattern covers the full name of the image.
func matchFullName(patterns []ImagePattern, image string) bool {
	named := parseImage(image)
	return named != nil && matchNamed(patterns, named)
}

// matchAnyName reports whether a pattern covers the image by its full name or by another spelling of
// it: names of hosts are the same in capital letters, and with the port that they have anyway.
func matchAnyName(patterns []ImagePattern, image string) bool {
	if matchImage(patterns, image) {
		return true
	}
	named := parseImage(image)
	if named == nil {
		return false
	}
	registry := reference.Domain(named)
	plain := parseImage(plainRegistry(registry) + strings.TrimPrefix(named.String(), registry))
	return plain != nil && matchNamed(patterns, plain)
}

// plainRegistry is the usual spelling of a registry: in small letters, without the ports that it
// has anyway, and docker.io for the other names of Docker Hub.
func plainRegistry(registry string) string {
	host, port, found := strings.Cut(strings.ToLower(registry), ":")
	if port = strings.TrimLeft(port, "0"); found && port != "443" && port != "80" {
		host += ":" + port
	}
	switch host {
	case "registry-1.docker.io", "registry.hub.docker.com", "index.docker.io":
		return "docker.io"
	default:
		return host
	}
}

// misspelt gives the first part of the pattern whose registry has another spelling than the usual
// one, which is the one that matchAnyName compares with, and how to write it; "" for none.
func (p ImagePattern) misspelt() (written, plain string) {
	for _, one := range alternatives(string(p)) {
		registry, rest, below := strings.Cut(one, "/")
		if plain := plainRegistry(registry); below && plain != registry {
			return one, plain + "/" + rest
		}
	}
	return "", ""
}

func matchNamed(patterns []ImagePattern, named reference.Named) bool {
	names := []string{named.String(), named.Name()}
	tagged, hasTag := named.(reference.Tagged)
	digested, hasDigest := named.(reference.Digested)
	if hasTag && hasDigest {
		names = append(names, named.Name()+":"+tagged.Tag(), named.Name()+"@"+digested.Digest().String())
	}
	return slices.ContainsFunc(patterns, func(p ImagePattern) bool {
		return slices.ContainsFunc(names, Glob(p).Match)
	})
}

// parseImage reads a reference; nil where it is not one, or is the bare id of an image.
func parseImage(image string) reference.Named {
	if algorithm, _, _ := strings.Cut(image, ":"); digest.Algorithm(algorithm).Available() {
		return nil
	}
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return nil
	}
	return named
}

// wildcards finds the wildcards of a pattern without alternatives.
var wildcards = regexp.MustCompile(`\*+|\?|\[[^\]]*\]`)

// fullImage completes a pattern without alternatives as the container runtimes complete names.
func fullImage(pattern string) (full string, ok bool) {
	name, sum, pinned := strings.Cut(pattern, "@")
	if base, _, _ := strings.Cut(name, ":"); !strings.Contains(name, "/") && (base == "localhost" || strings.Contains(base, ".")) {
		return "", false // a registry, and none of its images
	}
	wild := wildcards
	if !wild.MatchString(pattern) {
		named := parseImage(pattern)
		if named == nil {
			return "", false
		}
		return named.String(), true
	}
	if algorithm, _, _ := strings.Cut(sum, ":"); pinned && !wild.MatchString(algorithm) && !digest.Algorithm(algorithm).Available() {
		return "", false
	}
	full = fullPattern(pattern)
	name, _, _ = strings.Cut(full, "@")
	// Whether it can be a name shows with a letter in place of each wildcard.
	return full, !strings.Contains(full, `\`) && parseImage(wild.ReplaceAllString(name, "a")) != nil
}

// fullPattern completes a pattern that has wildcards.
func fullPattern(pattern string) string {
	registry, rest, below := strings.Cut(pattern, "/")
	switch {
	case strings.HasPrefix(registry, "**"), below && wildcards.MatchString(registry):
		return pattern
	case !below:
		return "docker.io/library/" + pattern
	case registry != "docker.io" && registry != "index.docker.io":
		if registry == "localhost" || strings.ContainsAny(registry, ".:") {
			return pattern
		}
		return "docker.io/" + pattern
	case !strings.Contains(rest, "/") && !strings.HasPrefix(rest, "**"):
		return "docker.io/library/" + rest
	default:
		return "docker.io/" + rest
	}
}

// alternatives gives the patterns that one with {a,b} stands for: itself where it has none.
func alternatives(pattern string) []string {
	start := strings.IndexByte(pattern, '{')
	if start < 0 {
		return []string{pattern}
	}
	var parts []string
	depth, from := 0, start+1
	for i := start; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '{':
			depth++
		case c == ',' && depth == 1:
			parts = append(parts, pattern[from:i])
			from = i + 1
		case c == '}':
			if depth--; depth > 0 {
				continue
			}
			var out []string
			for _, part := range append(parts, pattern[from:i]) {
				if out = append(out, alternatives(pattern[:start]+part+pattern[i+1:])...); len(out) > maxAlternatives {
					return out
				}
			}
			return out
		}
	}
	return []string{pattern} // an open brace: doublestar refuses it
}
