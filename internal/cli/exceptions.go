package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/app"
	"github.com/specguard/specguard/policy"
)

const exceptionsHelp = `List the exceptions: who answers for them, why they are there, until when, from which
rules of which policies they excuse or what they allow in addition, and what they
cover. Those that end first come first, and those that never end last.

Exit status 0: done, whether there are exceptions or not. 1: error.`

// soon is how long before their end exceptions are marked.
const soon = 30 * 24 * time.Hour

// exceptionsFlags are the flags of exceptions.
type exceptionsFlags struct {
	dir, output, color, within string
	expired                    bool
}

func exceptionsCommand() *cobra.Command {
	var f exceptionsFlags
	cmd := &cobra.Command{
		Use:   "exceptions",
		Short: "List the exceptions: who, why, until when, for what",
		Long:  exceptionsHelp,
		Example: `  specguard exceptions --policy-dir policies
  specguard exceptions --expired             # those that have ended
  specguard exceptions --within 30d -o json  # those that end in 30 days, for a program`,
		Args: noArgs,
		RunE: f.list,
	}
	fs := cmd.Flags()
	fs.StringVar(&f.dir, "policy-dir", app.DefaultPolicyDir, policyDirUsage)
	fs.BoolVar(&f.expired, "expired", false, "only those that have ended")
	fs.StringVar(&f.within, "within", "", "only those that have not ended and will end in this time, such as 30d or 12h")
	addOutput(fs, &f.output)
	addColor(fs, &f.color)
	return cmd
}

// listedException is an exception in a list.
type listedException struct {
	Exception string   `json:"exception"`
	Owner     string   `json:"owner"`
	Reason    string   `json:"reason"`
	Ends      string   `json:"ends"`   // a time, or never
	Status    string   `json:"status"` // active, expiring, expired, never ends
	Policies  []string `json:"policies"`
	Rules     []string `json:"rules,omitempty"`
	Allow     any      `json:"allow,omitempty"`
	Match     any      `json:"match"`
	Place     string   `json:"place"`
}

func (f *exceptionsFlags) list(cmd *cobra.Command, _ []string) error {
	within, err := parseDays(f.within)
	if err != nil {
		return err
	}
	p, set, err := aboutPolicies(cmd, f.dir, f.output, f.color)
	if err != nil {
		return err
	}
	now := time.Now()
	all := []policy.WrittenException{}
	for _, e := range set.WrittenExceptions() {
		switch {
		case f.expired && !e.Expired(now):
		case f.within != "" && (e.Never() || e.Expired(now) || e.Ends.After(now.Add(within))):
		default:
			all = append(all, e)
		}
	}
	sortByEnd(all)
	if f.output == "json" {
		return printJSON(cmd.OutOrStdout(), listedExceptions(all, now))
	}
	f.print(p, all, len(set.Exceptions()), now)
	return p.err
}

// print prints the exceptions of total ones.
func (f *exceptionsFlags) print(p *printer, all []policy.WrittenException, total int, now time.Time) {
	for i := range all {
		e := &all[i]
		style, status := green, statusOf(&e.Exception, now)
		switch status {
		case "expired":
			style = red.bold()
		case "expiring", "never ends":
			style = yellow
		}
		p.line(style, "%s: %s, %s", e.Name, status, until(&e.Exception)+left(&e.Exception, now))
		p.line(plain, "  owner: %s", e.Owner)
		p.line(plain, "  reason: %s", e.Reason)
		if len(e.Rules) > 0 {
			p.line(plain, "  excuses from: %s of %s", strings.Join(e.Rules, ", "), strings.Join(e.Policies, ", "))
		}
		if e.Allow != nil {
			p.line(plain, "  also allows: %s in %s", flowLine(e.Allow), strings.Join(e.Policies, ", "))
		}
		p.line(plain, "  covers: %s", flowLine(e.Match))
		p.line(faint, "  at: %s", e.Source)
	}
	if len(all) == total {
		p.line(strong, "%s", count(total, "exception"))
	} else {
		p.line(strong, "%d of %s", len(all), count(total, "exception"))
	}
}

func listedExceptions(all []policy.WrittenException, now time.Time) []listedException {
	out := []listedException{}
	for _, e := range all {
		out = append(out, listedException{
			Exception: e.Name, Owner: e.Owner, Reason: e.Reason, Ends: endOf(&e.Exception), Status: statusOf(&e.Exception, now),
			Policies: e.Policies, Rules: e.Rules, Allow: valueOf(e.Allow), Match: valueOf(e.Match), Place: e.Source,
		})
	}
	return out
}

func statusOf(e *policy.Exception, now time.Time) string {
	switch {
	case e.Never():
		return "never ends"
	case e.Expired(now):
		return "expired"
	case !e.Ends.After(now.Add(soon)):
		return "expiring"
	default:
		return "active"
	}
}

// left says how many days are left, or have gone by.
func left(e *policy.Exception, now time.Time) string {
	if e.Never() {
		return ""
	}
	d := e.Ends.Sub(now)
	days := int(d.Abs().Hours() / 24)
	if d < 0 {
		return " (" + count(days, "day") + " ago)"
	}
	return " (in " + count(days, "day") + ")"
}

// parseDays reads a time such as 30d or 12h; "" is none.
func parseDays(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, nil
	}
	return 0, fmt.Errorf("within %q is not a time (allowed: days such as 30d, or hours such as 12h)", text)
}
