package main

import "golang.org/x/sys/unix"

// more adds what only 32-bit x86 has.
func more(numbers map[string]uintptr) { numbers["socketcall"] = unix.SYS_SOCKETCALL }
