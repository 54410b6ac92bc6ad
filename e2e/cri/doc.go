// Package cri drives a container runtime the way a kubelet does, over the
// Container Runtime Interface.
//
// [Client.Pod] and [Container] return the messages that a kubelet would send
// for a plain pod; options change them, and tests may change any field of the
// result. A [Sandbox] and its [Running] containers are handles on what was
// made. [Truth] is what the kernel says inside a container, which no spec or
// API answer can paint over.
package cri
