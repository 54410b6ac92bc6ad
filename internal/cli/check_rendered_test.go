package cli

import (
	"strings"
	"testing"
)

// TestCheckRenderedStream: a stream of many documents, as Helm and kustomize write it, with comments and
// documents that are empty.
func TestCheckRenderedStream(t *testing.T) {
	p := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	stream := strings.Join([]string{
		"# a comment before all\n", "\n# Source: web/templates/empty.yaml\n", "# Source: web/templates/a.yaml\n" + podIn("team-a", "a", dropsAll), "", "null\n",
		"# Source: web/charts/db/templates/b.yaml\n" + podIn("team-a", "b", privileged) + "...\n# the end of a document\n",
		"# Source: web/templates/service.yaml\n" + service, " \n\n", podIn("team-a", "c", dropsAll) + "# done\n",
	}, "---\n")
	for name, text := range map[string]string{
		"as it is": stream, "with CRLF": strings.ReplaceAll(stream, "\n", "\r\n"), "with ends": strings.ReplaceAll(stream, "---\n", "--- # next\n"),
		"after ---": "---\n---\n" + stream + "---\n", "with a byte order mark": "\ufeff" + stream,
	} {
		cmd, stdout, stderr := command(t.Context(), nil, "check", "--policy-dir", p, "--quiet", "-")
		cmd.Stdin = strings.NewReader(text)
		_ = cmd.Run() // the exit status tells
		if code := cmd.ProcessState.ExitCode(); code != 2 || stderr.Len() > 0 || !strings.HasPrefix(stdout.String(), "-: Pod/b container app: denied") ||
			!strings.Contains(stdout.String(), "\n3 containers of 3 objects: 2 allowed, 0 adjusted, 1 denied, 0 not judged\n") {
			t.Errorf("%s: exit status %d\n%s%s", name, code, stdout, stderr)
		}
	}

	// What is no manifest in the stream is an error: notes of a dry run, or nothing because the program before the pipe failed.
	for name, text := range map[string]string{
		"nothing": "", "no document": "---\n# Source: web/templates/empty.yaml\n", "notes": podIn("team-a", "a", dropsAll) + "\nNOTES:\n1. Open http://web: [\n",
		"a dry run": "NAME: web\nLAST DEPLOYED: Sat Nov 28 23:17:47 2026\nNAMESPACE: team-a\nHOOKS:\nMANIFEST:\n---\n" + podIn("team-a", "a", dropsAll),
		"an error":  "Error: execution error at (web/templates/a.yaml:1:4): no\n",
	} {
		cmd, stdout, stderr := command(t.Context(), nil, "check", "--policy-dir", p, "-")
		cmd.Stdin = strings.NewReader(text)
		_ = cmd.Run() // the exit status tells
		if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.HasPrefix(stderr.String(), "-:") {
			t.Errorf("%s: exit status %d\n%s%s", name, code, stdout, stderr)
		}
	}
}
