// Package vm runs jobs in a virtual machine whose kernel enforces what most
// machines that develop and test do not: AppArmor or SELinux, with cgroup
// version 2 and systemd as its first process.
//
// [Build] makes the machine's disk, once for all that goes into it, and
// [Image.Run] boots a copy of it for one [Job]. QEMU emulates the processor: KVM is not
// needed, and everything takes some ten times as long as on the machine itself.
package vm
