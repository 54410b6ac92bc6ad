// Package policytest runs unit tests of policies: documents of the kind
// PolicyTest, which say what the policies must decide about a container.
package policytest
