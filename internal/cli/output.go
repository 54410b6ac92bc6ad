package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/policy"
)

// strong is a heading.
const strong style = "1"

// addOutput adds the flag for the form of what is printed.
func addOutput(fs *pflag.FlagSet, output *string) {
	fs.StringVarP(output, "output", "o", "text", "text or json")
}

// checkOutput returns an error for an unknown form.
func checkOutput(output string) error {
	if output != "text" && output != "json" {
		return fmt.Errorf("output %q is not one of text, json", output)
	}
	return nil
}

func addColor(fs *pflag.FlagSet, color *string) {
	fs.StringVar(color, "color", "auto", "auto, always or never")
}

// printJSON prints a value as indented JSON.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// flowLine is a part of a document in one line.
func flowLine(n *yaml.Node) string {
	out, err := schema.Flow(n)
	if err != nil {
		return "(cannot be shown)" // a tree of scalars can always be written
	}
	return strings.Join(strings.Fields(out), " ")
}

// sortByEnd sorts exceptions by when they end; those that never end come last.
func sortByEnd(all []policy.WrittenException) {
	slices.SortStableFunc(all, func(a, b policy.WrittenException) int {
		switch {
		case a.Never() && b.Never():
			return 0
		case a.Never():
			return 1
		case b.Never():
			return -1
		default:
			return a.Ends.Compare(b.Ends)
		}
	})
}
