// Package seccomp judges and tightens the seccomp profile of an OCI spec by what it denies when
// OCI runtimes let libseccomp make a filter of it.
//
// These rules apply (runc, libcontainer/seccomp; libseccomp, src/db.c):
//
//   - A rule whose action is the profile's default is left out.
//   - Rules without conditions override those with conditions, and the first of
//     them overrides the others. Two with conditions that both match are tried in an
//     order that depends on their arguments, not on the profile.
//   - Several conditions on one argument are separate rules: any of them suffices.
//     Otherwise all of a rule's conditions must hold.
//   - If several rules have conditions such as SCMP_CMP_LT on one argument,
//     libseccomp 2.5.4 confuses them if their high halves are equal.
//   - Arguments are compared in 64 bits, on 32-bit architectures in 32. The
//     kernel reads a socket's family as an int: 32 of the 64 bits.
//   - If an architecture has socketcall(2) and ipc(2), a rule for a call that
//     they can make also becomes a rule for them, without its first condition.
package seccomp
