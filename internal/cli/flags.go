package cli

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// earlier is the value of a flag that has another name now.
type earlier struct {
	pflag.Value
	flags *pflag.FlagSet
	name  string
}

// Set sets the flag.
func (e earlier) Set(text string) error { return e.flags.Set(e.name, text) }

// earlierName keeps an earlier name of a flag. Its use prints a hint.
func earlierName(fs *pflag.FlagSet, old, name string) {
	f := fs.Lookup(name)
	fs.AddFlag(&pflag.Flag{
		Name: old, Hidden: true, Usage: "earlier name of --" + name, Deprecated: "use --" + name, Value: earlier{f.Value, fs, name},
		DefValue: f.DefValue, NoOptDefVal: f.NoOptDefVal,
	})
}

// alsoByFlag lets the files that a command takes be given by -f, too, as kubectl takes them.
func alsoByFlag(cmd *cobra.Command) *cobra.Command {
	var files []string
	cmd.Flags().StringArrayVarP(&files, "filename", "f", nil, "a file or folder, as if it were an argument (repeatable)")
	args, run := cmd.Args, cmd.RunE
	cmd.Args = func(cmd *cobra.Command, given []string) error { return args(cmd, slices.Concat(given, files)) }
	cmd.RunE = func(cmd *cobra.Command, given []string) error { return run(cmd, slices.Concat(given, files)) }
	return cmd
}
