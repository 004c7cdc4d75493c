// Does what attacks do, one command after the other, as its arguments say: `act as 1 + read /etc/shadow`. Under
// another name, through a link, it is whatever program a rule looks for. An argument with a dash in front ends it: the
// rest is only there to be seen. What fails is said with its errno.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pty.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// How long a command may take, in seconds, before it counts as hanging.
#define LIMIT 30

// What the last command opened, and what is left of the arguments.
static int fd = -1;
static char **rest;

static long must(const char *what, long result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "%s: %s\n", what, strerrorname_np(errno));
	exit(1);
}

static char *word(void)
{
	if (!*rest) {
		fprintf(stderr, "act: an argument is missing\n");
		exit(2);
	}
	return *rest++;
}

static int number(void)
{
	return strtol(word(), NULL, 0);
}

static void do_read(void) { fd = must("openat", open(word(), O_RDONLY)); }
static void do_write(void) { fd = must("openat", open(word(), O_WRONLY)); }
static void do_append(void) { fd = must("openat", open(word(), O_WRONLY | O_CREAT | O_APPEND, 0600)); }
static void do_create(void) { fd = must("openat", open(word(), O_WRONLY | O_CREAT | O_TRUNC, 0600)); }
static void do_mkdir(void) { must("mkdir", mkdir(word(), 0700)); }
static void do_unlink(void) { must("unlink", unlink(word())); }

static void do_make(void)
{
	mode_t mode = strtol(word(), NULL, 8);
	umask(0);
	fd = must("openat", open(word(), O_WRONLY | O_CREAT | O_TRUNC, mode));
}

static void do_chmod(void)
{
	mode_t mode = strtol(word(), NULL, 8);
	must("chmod", chmod(word(), mode));
}

static void do_rename(void)
{
	char *from = word();
	must("rename", rename(from, word()));
}

static void do_symlink(void)
{
	char *target = word();
	must("symlink", symlink(target, word()));
}

static void do_link(void)
{
	char *from = word();
	must("link", link(from, word()));
}

// Another user, by a syscall that isn't setuid.
static void do_as(void)
{
	int id = number();
	must("setresgid", syscall(SYS_setresgid, id, id, id));
	must("setresuid", syscall(SYS_setresuid, id, id, id));
}

static void do_setuid(void) { must("setuid", syscall(SYS_setuid, number())); }

// Another login user.
static void do_login(void)
{
	char *user = word();
	int file = must("open loginuid", open("/proc/self/loginuid", O_WRONLY));
	must("write loginuid", write(file, user, strlen(user)));
	close(file);
}

static struct sockaddr_in address(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	if (inet_pton(AF_INET, word(), &address.sin_addr) != 1) {
		fprintf(stderr, "act: not an address\n");
		exit(2);
	}
	address.sin_port = htons(number());
	return address;
}

static void connect_to(int type)
{
	struct sockaddr_in to = address();
	fd = must("socket", socket(AF_INET, type | SOCK_NONBLOCK, 0));
	long result = connect(fd, (struct sockaddr *)&to, sizeof to);
	must("connect", result < 0 && errno == EINPROGRESS ? 0 : result);
}

static void do_udp(void) { connect_to(SOCK_DGRAM); }
static void do_tcp(void) { connect_to(SOCK_STREAM); }

// Listens, connects to itself, and accepts: what it has then is the server's end, and the client's is one less.
static void do_pair(void)
{
	struct sockaddr_in to = address();
	int on = 1;
	int listener = must("socket", socket(AF_INET, SOCK_STREAM, 0));
	must("setsockopt", setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
	must("bind", bind(listener, (struct sockaddr *)&to, sizeof to));
	must("listen", listen(listener, 1));
	int client = must("socket", socket(AF_INET, SOCK_STREAM, 0));
	must("connect", connect(client, (struct sockaddr *)&to, sizeof to));
	fd = must("accept4", accept4(listener, NULL, NULL, 0));
	must("dup", client + 1 == fd ? 0 : -1);
}

// Receives bytes, given in hexadecimal, that it sent itself.
static void do_receive(void)
{
	unsigned char bytes[64];
	size_t length = 0;
	for (char *digits = word(); digits[0] && digits[1] && length < sizeof bytes; digits += 2)
		must("digits", sscanf(digits, "%2hhx", &bytes[length++]) == 1 ? 0 : -1);
	must("sendto", sendto(fd - 1, bytes, length, 0, NULL, 0));
	must("recvfrom", recvfrom(fd, bytes, length, 0, NULL, NULL));
}

static void do_packet(void) { fd = must("socket", socket(AF_PACKET, SOCK_RAW, 0)); }
static void do_raw(void) { fd = must("socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }
static void do_dup(void) { must("dup2", dup2(fd, number())); }

static void do_attach(void)
{
	pid_t child = must("fork", fork());
	if (child == 0) {
		pause();
		_exit(0);
	}
	long attached = ptrace(PTRACE_ATTACH, child, 0, 0);
	int failure = errno;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	errno = failure;
	must("ptrace", attached);
}

static void do_traceme(void) { must("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0)); }

static void do_setns(void)
{
	int own = must("open", open("/proc/self/ns/uts", O_RDONLY));
	must("setns", setns(own, CLONE_NEWUTS));
}

static void do_unshare(void) { must("unshare", unshare(CLONE_NEWUTS)); }

// No image at all: the kernel refuses it whoever asks.
static void do_module(void) { must("init_module", syscall(SYS_init_module, "none", 4, "")); }

static void do_bpf(void)
{
	union bpf_attr none = {0};
	int command = number();
	must("bpf", syscall(SYS_bpf, command, &none, sizeof none));
}

// For faults of this program only, which every user may ask for.
static void do_userfaultfd(void) { must("userfaultfd", syscall(SYS_userfaultfd, 1)); }

// Executes itself from memory.
static void do_memfd(void)
{
	struct stat size;
	int self = must("open", open("/proc/self/exe", O_RDONLY));
	must("fstat", fstat(self, &size));
	int memory = must("memfd_create", memfd_create("memory", MFD_CLOEXEC));
	must("sendfile", sendfile(memory, self, NULL, size.st_size));
	char *arguments[] = {"memory", "-", NULL};
	must("execveat", fexecve(memory, arguments, environ));
}

static void do_wait(void) { usleep(number() * 1000); }

static void do_exec(void)
{
	if (*rest)
		execvp(*rest, rest);
	must("execve", -1);
}

static void await(pid_t child)
{
	int status;
	must("wait", waitpid(child, &status, 0));
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void do_spawn(void)
{
	pid_t child = must("fork", fork());
	if (child == 0)
		do_exec();
	await(child);
}

// Goes on in a session of its own, with a terminal.
static void do_terminal(void)
{
	int terminal;
	pid_t child = must("forkpty", forkpty(&terminal, NULL, NULL, NULL));
	if (child)
		await(child);
}

static const struct {
	const char *name;
	void (*perform)(void);
} COMMANDS[] = {
	{"append", do_append}, {"as", do_as}, {"attach", do_attach}, {"bpf", do_bpf}, {"chmod", do_chmod},
	{"create", do_create}, {"dup", do_dup}, {"exec", do_exec}, {"link", do_link}, {"login", do_login},
	{"make", do_make}, {"memfd", do_memfd}, {"mkdir", do_mkdir}, {"module", do_module}, {"packet", do_packet},
	{"pair", do_pair}, {"raw", do_raw}, {"read", do_read}, {"receive", do_receive}, {"rename", do_rename},
	{"setns", do_setns}, {"setuid", do_setuid}, {"spawn", do_spawn}, {"symlink", do_symlink}, {"tcp", do_tcp},
	{"terminal", do_terminal}, {"traceme", do_traceme}, {"udp", do_udp}, {"unlink", do_unlink},
	{"unshare", do_unshare}, {"userfaultfd", do_userfaultfd}, {"wait", do_wait}, {"write", do_write},
};

static void perform(const char *name)
{
	for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
		if (strcmp(name, COMMANDS[i].name) == 0) {
			COMMANDS[i].perform();
			return;
		}
	}
	fprintf(stderr, "act: %s isn't known\n", name);
	exit(2);
}

int main(int count, char **arguments)
{
	alarm(LIMIT);
	rest = arguments + (count > 0);
	while (*rest && **rest != '-') {
		perform(word());
		if (*rest && strcmp(*rest, "+") == 0)
			rest++;
	}
	return 0;
}
