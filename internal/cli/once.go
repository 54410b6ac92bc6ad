package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// once is the value of a flag that can be given once only: of two policy folders, the first would
// not be read.
type once struct {
	pflag.Value
	given bool
}

// Set refuses a second value.
func (o *once) Set(text string) error {
	if o.given {
		return errors.New("it is given twice, and takes one value")
	}
	o.given = true
	return o.Value.Set(text)
}

// givenOnce makes a repeated flag for policies an error, in all commands.
func givenOnce(commands []*cobra.Command) {
	for _, cmd := range commands {
		for _, name := range []string{"policy-dir", "compare"} {
			if f := cmd.Flags().Lookup(name); f != nil {
				f.Value = &once{Value: f.Value}
			}
		}
	}
}
