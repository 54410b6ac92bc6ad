package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/specguard/specguard/internal/app"
	"github.com/specguard/specguard/internal/explain"
	"github.com/specguard/specguard/policy"
)

const effectiveHelp = `Show which policies apply to containers in a namespace, and which rules hold there:
of each rule what each policy says, whether a violation denies the container, changes
it or is only reported, and which exceptions there are. No container is judged.

What no flag tells can be anything: a policy that depends on it is shown as such, and
its rules are shown, too. --runtime-handler "" is the runtime's default handler.`

// effectiveFlags are the flags of effective.
type effectiveFlags struct {
	dir, output, color                   string
	namespace, image, container, handler string
	labels                               map[string]string
}

func effectiveCommand() *cobra.Command {
	var f effectiveFlags
	cmd := &cobra.Command{
		Use:   "effective --namespace NAMESPACE",
		Short: "Show which policies and rules hold in a namespace",
		Long:  effectiveHelp,
		Example: `  specguard effective --namespace team-a --policy-dir policies
  specguard effective -n team-a --pod-labels app=web --image nginx:1.27
  specguard effective -n team-a --runtime-handler "" -o json`,
		Args: noArgs,
		RunE: f.show,
	}
	fs := cmd.Flags()
	fs.StringVar(&f.dir, "policy-dir", app.DefaultPolicyDir, policyDirUsage)
	fs.StringVarP(&f.namespace, flagNamespace, "n", "", "the pod's namespace")
	fs.StringToStringVar(&f.labels, flagPodLabels, nil, "the pod's labels: key=value,...")
	fs.StringVar(&f.image, "image", "", "the container's image")
	fs.StringVar(&f.container, "container", "", "the container's name")
	fs.StringVar(&f.handler, flagHandler, "", "the pod's runtime handler")
	addOutput(fs, &f.output)
	addColor(fs, &f.color)
	return cmd
}

func (f *effectiveFlags) show(cmd *cobra.Command, _ []string) error {
	if f.namespace == "" {
		return errors.New("specguard effective needs --namespace: see specguard effective --help")
	}
	if len(validation.IsDNS1123Label(f.namespace)) > 0 {
		return fmt.Errorf("%q is not a valid namespace name (allowed: a DNS label)", f.namespace)
	}
	p, set, err := aboutPolicies(cmd, f.dir, f.output, f.color)
	if err != nil {
		return err
	}
	q := policy.Question{
		Namespace: f.namespace, Labels: f.labels, LabelsUnseen: !cmd.Flags().Changed(flagPodLabels), RuntimeHandler: f.handler,
		HandlerUnseen: !cmd.Flags().Changed(flagHandler), Container: f.container, Image: f.image, Time: time.Now(),
	}
	adjusts, err := explain.Adjusts()
	if err != nil {
		return err
	}
	standing := set.Standing(q)
	if f.output == "json" {
		return printJSON(cmd.OutOrStdout(), newEffective(q, standing, adjusts))
	}
	printStanding(p, f.namespace, standing, adjusts)
	return p.err
}

// printStanding prints what a Set says of containers.
func printStanding(p *printer, namespace string, s policy.Standing, adjusts map[string]string) {
	p.line(strong, "Policies in namespace %s", namespace)
	for _, r := range s.Policies {
		switch r.Matches {
		case policy.Certain:
			p.line(green, "  %s (%s) applies", r.Name, r.Mode)
		case policy.Possible:
			p.line(yellow, "  %s (%s) applies if", r.Name, r.Mode)
		default:
			p.line(faint, "  %s (%s) does not apply", r.Name, r.Mode)
		}
		for _, why := range r.Why {
			p.line(faint, "      %s", why)
		}
	}
	p.line(plain, "")
	if len(s.Rules) == 0 {
		p.line(yellow.bold(), "No rule holds: any container may run")
		return
	}
	p.line(strong, "Rules")
	for _, r := range s.Rules {
		p.line(plain, "  %s", r.Rule)
		for _, of := range r.Policies {
			printRuleOf(p, of)
			if of.OnViolation == policy.Adjust {
				p.line(faint, "      adjusting %s", adjusts[r.Rule])
			}
			printExceptions(p, of.Exceptions)
		}
	}
}

func printRuleOf(p *printer, r policy.RuleOfPolicy) {
	line := r.Policy + ": " + actionIn(r.Mode, r.OnViolation)
	if r.On == policy.OnRequest {
		line += ", on request"
	}
	if r.Matches == policy.Possible {
		line += ", if the policy applies"
	}
	if len(r.Parameters.Content) > 0 {
		line += "  " + flowLine(r.Parameters)
	}
	p.line(plain, "    %s", line)
}

func printExceptions(p *printer, all []policy.ExceptionStanding) {
	for _, x := range all {
		what := "does not hold"
		if x.Allow != nil {
			what = "also allows " + flowLine(x.Allow)
		}
		if x.Applies == policy.Possible {
			what += ", if"
		}
		p.line(yellow, "      exception %s: %s", x.Name, what)
		for _, why := range x.Why {
			p.line(faint, "          %s", why)
		}
		p.line(faint, "          %s, owner %s, %s", x.Reason, x.Owner, until(&x.Exception))
	}
}

// actionIn says what becomes of a container that breaks a rule of a policy.
func actionIn(mode policy.Mode, action policy.Action) string {
	switch {
	case action == policy.Audit:
		return "audit"
	case mode == policy.ModeAudit:
		return string(action) + " (mode audit: only reported)"
	default:
		return string(action)
	}
}

// until says when an exception ends.
func until(e *policy.Exception) string {
	if e.Never() {
		return "never ends"
	}
	return "ends " + e.Ends.Format(time.RFC3339)
}
