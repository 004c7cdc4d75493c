// The same syscalls in other ways: one that came before or after, through io_uring, as a 32-bit program does it. `WAY`
// in the environment says which; without it they are what the C library makes of them.

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring.h"

// What only x86-64 has.
#ifndef SYS_open
#define SYS_open -1
#endif

// The numbers of a 32-bit program.
enum {
	I386_OPEN = 5, I386_LINK = 9, I386_UNLINK = 10, I386_EXECVE = 11, I386_CHMOD = 15, I386_PTRACE = 26,
	I386_RENAME = 38, I386_MKDIR = 39, I386_DUP2 = 63, I386_SYMLINK = 83, I386_INIT_MODULE = 128,
	I386_SETUID = 213, I386_UNSHARE = 310, I386_SETNS = 346, I386_BPF = 357, I386_SOCKET = 359,
	I386_CONNECT = 362, I386_ACCEPT4 = 364, I386_RECVFROM = 371, I386_USERFAULTFD = 374,
};

static bool by(const char *way)
{
	const char *wanted = getenv("WAY");
	return wanted && strcmp(wanted, way) == 0;
}

static long outcome(long result)
{
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

static long as_32(long call, long a, long b, long c, long d, long e)
{
#ifdef __x86_64__
	long result;
	__asm__ volatile("int $0x80"
		: "=a"(result)
		: "a"(call), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
		: "memory", "r8", "r9", "r10", "r11");
	return outcome((int)result);
#else
	return outcome(-ENOSYS);
#endif
}

// A copy where a 32-bit program can point to: this one is linked to addresses that low.
static long low(const void *bytes, size_t length)
{
	static char memory[8192];
	static size_t used;
	char *copy = memory + used;
	used += (length + 15) & ~15ul;
	if (used > sizeof memory)
		abort();
	memcpy(copy, bytes, length);
	return (long)copy;
}

static long low_text(const char *text)
{
	return low(text, strlen(text) + 1);
}

static long low_texts(char *const *texts)
{
	unsigned pointers[64];
	size_t count = 0;
	for (; texts[count] && count < 63; count++)
		pointers[count] = low_text(texts[count]);
	pointers[count++] = 0;
	return low(pointers, count * sizeof *pointers);
}

static long requested(struct io_uring_sqe sqe)
{
	if (!rings)
		begin();
	return outcome(request(sqe));
}

static long open_by(const char *path, int flags, mode_t mode)
{
	struct open_how how = {.flags = flags, .mode = flags & O_CREAT ? mode : 0};
	if (by("open"))
		return syscall(SYS_open, path, flags, mode);
	if (by("openat2"))
		return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
	if (by("io_uring"))
		return requested((struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (long)path,
			.open_flags = flags, .len = mode});
	if (by("int80"))
		return as_32(I386_OPEN, low_text(path), flags, mode, 0, 0);
	return open(path, flags, mode);
}

static long mkdir_by(const char *path, mode_t mode)
{
	if (by("mkdirat"))
		return mkdirat(AT_FDCWD, path, mode);
	if (by("io_uring"))
		return requested((struct io_uring_sqe){.opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD, .addr = (long)path,
			.len = mode});
	if (by("int80"))
		return as_32(I386_MKDIR, low_text(path), mode, 0, 0, 0);
	return mkdir(path, mode);
}

static long unlink_by(const char *path)
{
	if (by("unlinkat"))
		return unlinkat(AT_FDCWD, path, 0);
	if (by("io_uring"))
		return requested((struct io_uring_sqe){.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (long)path});
	if (by("int80"))
		return as_32(I386_UNLINK, low_text(path), 0, 0, 0, 0);
	return unlink(path);
}

static long two_paths(int operation, const char *from, const char *to)
{
	bool link = operation == IORING_OP_SYMLINKAT;
	return requested((struct io_uring_sqe){.opcode = operation, .fd = AT_FDCWD, .addr = (long)from,
		.len = link ? 0 : AT_FDCWD, .addr2 = (long)to});
}

static long rename_by(const char *from, const char *to)
{
	if (by("renameat"))
		return renameat(AT_FDCWD, from, AT_FDCWD, to);
	if (by("renameat2"))
		return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
	if (by("io_uring"))
		return two_paths(IORING_OP_RENAMEAT, from, to);
	if (by("int80"))
		return as_32(I386_RENAME, low_text(from), low_text(to), 0, 0, 0);
	return rename(from, to);
}

static long symlink_by(const char *target, const char *path)
{
	if (by("symlinkat"))
		return symlinkat(target, AT_FDCWD, path);
	if (by("io_uring"))
		return two_paths(IORING_OP_SYMLINKAT, target, path);
	if (by("int80"))
		return as_32(I386_SYMLINK, low_text(target), low_text(path), 0, 0, 0);
	return symlink(target, path);
}

static long link_by(const char *from, const char *to)
{
	if (by("linkat"))
		return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
	if (by("io_uring"))
		return two_paths(IORING_OP_LINKAT, from, to);
	if (by("int80"))
		return as_32(I386_LINK, low_text(from), low_text(to), 0, 0, 0);
	return link(from, to);
}

static long chmod_by(const char *path, mode_t mode)
{
	if (by("fchmodat"))
		return syscall(SYS_fchmodat, AT_FDCWD, path, mode);
	if (by("fchmod"))
		return fchmod(open(path, O_RDONLY), mode);
	if (by("int80"))
		return as_32(I386_CHMOD, low_text(path), mode, 0, 0, 0);
	return chmod(path, mode);
}

static long exec_by(const char *path, char *const *arguments)
{
	if (by("execveat"))
		return syscall(SYS_execveat, AT_FDCWD, path, arguments, environ, 0);
	if (by("int80"))
		return as_32(I386_EXECVE, low_text(path), low_texts(arguments), low_texts(environ), 0, 0);
	return execve(path, arguments, environ);
}

static long socket_by(int domain, int type, int protocol)
{
	if (by("io_uring"))
		return requested((struct io_uring_sqe){.opcode = IORING_OP_SOCKET, .fd = domain, .off = type,
			.len = protocol});
	if (by("int80"))
		return as_32(I386_SOCKET, domain, type, protocol, 0, 0);
	return socket(domain, type, protocol);
}

static long connect_by(int fd, const void *address, socklen_t size)
{
	if (by("io_uring"))
		return requested((struct io_uring_sqe){.opcode = IORING_OP_CONNECT, .fd = fd, .addr = (long)address,
			.off = size});
	if (by("int80"))
		return as_32(I386_CONNECT, fd, low(address, size), size, 0, 0);
	return connect(fd, address, size);
}

static long accept_by(int listener)
{
	if (by("accept"))
		return accept(listener, NULL, NULL);
	if (by("io_uring"))
		return requested((struct io_uring_sqe){.opcode = IORING_OP_ACCEPT, .fd = listener});
	if (by("int80"))
		return as_32(I386_ACCEPT4, listener, 0, 0, 0, 0);
	return accept4(listener, NULL, NULL, 0);
}

static long receive_by(int fd, void *bytes, size_t length)
{
	if (by("io_uring"))
		return requested((struct io_uring_sqe){.opcode = IORING_OP_RECV, .fd = fd, .addr = (long)bytes,
			.len = length});
	if (by("int80"))
		return as_32(I386_RECVFROM, fd, low(bytes, length), length, 0, 0);
	return recvfrom(fd, bytes, length, 0, NULL, NULL);
}

static long dup_by(int fd, int other)
{
	if (by("dup")) {
		close(other);
		return dup(fd);
	}
	if (by("dup3"))
		return dup3(fd, other, 0);
	if (by("int80"))
		return as_32(I386_DUP2, fd, other, 0, 0, 0);
	return dup2(fd, other);
}

static long ptrace_by(int operation, pid_t pid)
{
	if (by("int80"))
		return as_32(I386_PTRACE, operation, pid, 0, 0, 0);
	return ptrace(operation, pid, 0, 0);
}

static long setuid_by(int user)
{
	return by("int80") ? as_32(I386_SETUID, user, 0, 0, 0, 0) : syscall(SYS_setuid, user);
}

static long setns_by(int fd, int kind)
{
	return by("int80") ? as_32(I386_SETNS, fd, kind, 0, 0, 0) : syscall(SYS_setns, fd, kind);
}

static long unshare_by(int kinds)
{
	return by("int80") ? as_32(I386_UNSHARE, kinds, 0, 0, 0, 0) : syscall(SYS_unshare, kinds);
}

// No image at all: the kernel refuses it whoever asks.
static long module_by(void)
{
	if (by("finit_module"))
		return syscall(SYS_finit_module, open("/proc/self/exe", O_RDONLY), "", 0);
	if (by("int80"))
		return as_32(I386_INIT_MODULE, low_text("none"), 4, low_text(""), 0, 0);
	return syscall(SYS_init_module, "none", 4, "");
}

static long bpf_by(int command)
{
	union bpf_attr none = {0};
	if (by("int80"))
		return as_32(I386_BPF, command, low(&none, sizeof none), sizeof none, 0, 0);
	return syscall(SYS_bpf, command, &none, sizeof none);
}

static long userfaultfd_by(int flags)
{
	return by("int80") ? as_32(I386_USERFAULTFD, flags, 0, 0, 0, 0) : syscall(SYS_userfaultfd, flags);
}
