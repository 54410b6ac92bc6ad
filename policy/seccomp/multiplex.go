package seccomp

import "strings"

// The calls that stand for others on some architectures. A filter cannot see
// more of what they are asked for than its number: the rest is behind a pointer.
const (
	socketcall = "socketcall"
	ipc        = "ipc"
)

// throughSocketcall lists what socketcall stands for (socketcall(2)).
const throughSocketcall = " accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg " +
	"recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket socketpair "

// throughIPC lists what ipc stands for (ipc(2)).
const throughIPC = " msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget "

// throughRing lists what io_uring does in a process's place, past its filter
// (io_uring_enter(2), Linux 6.18).
const throughRing = " accept accept4 bind close connect epoll_ctl epoll_wait fadvise64 fadvise64_64 fallocate fgetxattr fsetxattr " +
	"fsync ftruncate ftruncate64 futex futex_wait futex_waitv futex_wake getxattr link linkat listen madvise mkdir mkdirat " +
	"open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readv recv recvfrom recvmsg " +
	"rename renameat renameat2 rmdir send sendmsg sendto setxattr shutdown socket splice statx symlink symlinkat " +
	"sync_file_range tee unlink unlinkat waitid write writev "

func ring() []string { return []string{"io_uring_enter", "io_uring_register", "io_uring_setup"} }

func isIn(list, name string) bool { return strings.Contains(list, " "+name+" ") }

// ways are the other calls by which the call can be made.
func ways(name string) []string {
	var out []string
	if isIn(throughSocketcall, name) {
		out = append(out, socketcall)
	}
	if isIn(throughIPC, name) {
		out = append(out, ipc)
	}
	if isIn(throughRing, name) {
		out = append(out, ring()...)
	}
	return out
}

// standsFor lists what the call stands for, "" for other calls.
func standsFor(name string) string {
	switch name {
	case socketcall:
		return throughSocketcall
	case ipc:
		return throughIPC
	}
	return ""
}
