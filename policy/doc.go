// Package policy decides about containers: policy documents are loaded into a
// compiled Set, and Set.Evaluate judges one container's OCI spec by every
// policy that matches it.
//
// The package is pure. It opens no sockets and knows no container runtime;
// what it has to know of the node comes in through the Host interface.
//
// How a decision is made: every rule of every enforcing policy that may adjust edits a working
// copy of the spec, in the order of the rule table and, for one rule, by priority and then name
// of the policy. Then every rule of every enforcing policy is checked on the result. If the
// result still breaks a rule, the container is denied. So the result complies with all policies,
// or the container does not run.
package policy
