package cli

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/specguard/specguard/policy"
)

// completeValues lets shells complete the values of flags that take one of a few words.
func completeValues(commands []*cobra.Command) {
	for _, cmd := range commands {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if words := wordsOf(f); words != nil {
				complete := cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
				_ = cmd.RegisterFlagCompletionFunc(f.Name, complete) // it fails for a flag that has one only
			}
		})
	}
}

// wordsOf are the words that the flag takes; nil if it takes other values. Its usage names them, as
// in "text or json" and "how to log: debug, info or error (the default)".
func wordsOf(f *pflag.Flag) []string {
	if f.Name == "profile" {
		return policy.Profiles()
	}
	usage := regexp.MustCompile(` \([^)]*\)`).ReplaceAllString(f.Usage, "")
	if _, after, ok := strings.Cut(usage, ": "); ok {
		usage = after
	}
	usage, one := strings.CutPrefix(usage, "one of ")
	if one {
		usage = strings.Replace(usage, ", ", " or ", 1)
	}
	if f.Deprecated != "" || !regexp.MustCompile(`^[a-z0-9-]+((, | or )[a-z0-9-]+)+$`).MatchString(usage) {
		return nil
	}
	return regexp.MustCompile(`, | or `).Split(usage, -1)
}
