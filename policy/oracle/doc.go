// Package oracle has tests alone: it judges the decisions of package policy by
// what specs give containers in the kernel.
//
// It reads a spec as runc, crun and the kernel do, and the Pod Security Standards
// as they are written, and takes nothing from the rules: of package policy it
// calls what a caller has (Compile, Evaluate). What a spec gives is a set of
// abilities. A profile forbids some of them, so a decision is right if what it
// lets run has none of those; and adjusting must not add any.
//
// FuzzOracle mutates specs that real runtimes made:
//
//	go test -run '^$' -fuzz FuzzOracle -fuzztime 1h -parallel 1 ./policy/oracle
package oracle
