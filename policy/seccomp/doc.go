// Package seccomp judges and tightens the seccomp profile of an OCI spec by
// what it denies, as the OCI runtimes have libseccomp make a filter of it.
//
// What counts here (runc, libcontainer/seccomp; libseccomp, src/db.c):
//
//   - A rule whose action is the profile's default is left out.
//   - Rules without conditions win over those with conditions, and the first of
//     them over the others. Two with conditions that both match are tried in an
//     order that depends on their arguments, not on the profile.
//   - Several conditions on one argument are each a rule of its own: any of them
//     suffices. Otherwise all of a rule's conditions must hold.
//   - Of several rules with conditions such as SCMP_CMP_LT on one argument,
//     libseccomp 2.5.4 takes one for another where their high halves meet.
//   - Arguments are compared in 64 bits, on 32-bit architectures in 32. The
//     kernel takes a socket's family as an int: of 64 bits it reads 32.
//   - Where an architecture has socketcall(2) and ipc(2), a rule for a call that
//     they stand for becomes a rule for them, too, without its first condition.
package seccomp
