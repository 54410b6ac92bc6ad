// Command syscalls makes system calls and prints what comes of them, a line for
// each argument: "socket 38 5 0" is a call by its name, with its arguments. What
// is printed is the error's name, or "made".
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	for _, call := range os.Args[1:] {
		fmt.Printf("%s: %s\n", call, try(strings.Fields(call)))
	}
}

// try makes a call.
func try(words []string) string {
	number, known := numbers()[words[0]]
	if !known {
		return "unknown"
	}
	var args [4]uintptr
	for i, word := range words[1:] {
		n, err := strconv.ParseUint(word, 0, 64)
		if err != nil {
			return err.Error()
		}
		args[i] = uintptr(n)
	}
	_, _, errno := unix.RawSyscall6(number, args[0], args[1], args[2], args[3], 0, 0)
	switch {
	case errno == 0:
		return "made"
	case unix.ErrnoName(errno) == "":
		return strconv.Itoa(int(errno))
	default:
		return unix.ErrnoName(errno)
	}
}

// numbers are those of the calls that it can make.
func numbers() map[string]uintptr {
	out := map[string]uintptr{
		"socket": unix.SYS_SOCKET, "socketpair": unix.SYS_SOCKETPAIR, "bpf": unix.SYS_BPF, "keyctl": unix.SYS_KEYCTL,
		"add_key": unix.SYS_ADD_KEY, "request_key": unix.SYS_REQUEST_KEY, "io_uring_setup": unix.SYS_IO_URING_SETUP,
		"init_module": unix.SYS_INIT_MODULE, "finit_module": unix.SYS_FINIT_MODULE, "delete_module": unix.SYS_DELETE_MODULE,
		"getpriority": unix.SYS_GETPRIORITY, "personality": unix.SYS_PERSONALITY,
	}
	more(out)
	return out
}
