// Does what attacks do, one command after the other, as its arguments say: `act as 1 + read /etc/shadow`. Under
// another name, through a link, it is whatever program a rule looks for. An argument with a dash in front ends it: the
// rest is only there to be seen. What fails is said with its errno. `act ways` prints each command with the other ways
// of doing the same, for `WAY`.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

#include "ways.h"

// How long a command may take, in seconds, before it counts as hanging.
#define LIMIT 30

// What the last command opened, the other end of it, and what is left of the arguments.
static int fd = -1, peer = -1;
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

static void do_read(void) { fd = must("open", open_by(word(), O_RDONLY, 0)); }
static void do_write(void) { fd = must("open", open_by(word(), O_WRONLY, 0)); }
static void do_append(void) { fd = must("open", open_by(word(), O_WRONLY | O_CREAT | O_APPEND, 0600)); }
static void do_create(void) { fd = must("open", open_by(word(), O_WRONLY | O_CREAT | O_TRUNC, 0600)); }
static void do_mkdir(void) { must("mkdir", mkdir_by(word(), 0700)); }
static void do_unlink(void) { must("unlink", unlink_by(word())); }

static void do_make(void)
{
	mode_t mode = strtol(word(), NULL, 8);
	umask(0);
	fd = must("open", open_by(word(), O_WRONLY | O_CREAT | O_TRUNC, mode));
}

static void do_chmod(void)
{
	mode_t mode = strtol(word(), NULL, 8);
	must("chmod", chmod_by(word(), mode));
}

static void do_rename(void)
{
	char *from = word();
	must("rename", rename_by(from, word()));
}

static void do_symlink(void)
{
	char *target = word();
	must("symlink", symlink_by(target, word()));
}

static void do_link(void)
{
	char *from = word();
	must("link", link_by(from, word()));
}

// Another user, by a syscall that isn't setuid.
static void do_as(void)
{
	int id = number();
	must("setresgid", syscall(SYS_setresgid, id, id, id));
	must("setresuid", syscall(SYS_setresuid, id, id, id));
}

static void do_setuid(void) { must("setuid", setuid_by(number())); }

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
	long result = connect_by(fd, &to, sizeof to);
	must("connect", result < 0 && errno == EINPROGRESS ? 0 : result);
}

static void do_udp(void) { connect_to(SOCK_DGRAM); }
// Nobody answers: io_uring would wait for an answer.
static void do_tcp(void) { connect_to(SOCK_STREAM); }

// Listens, connects to itself, and accepts: what it has then is the server's end, and the client's beside.
static void do_pair(void)
{
	struct sockaddr_in to = address();
	int on = 1;
	int listener = must("socket", socket(AF_INET, SOCK_STREAM, 0));
	must("setsockopt", setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
	must("bind", bind(listener, (struct sockaddr *)&to, sizeof to));
	must("listen", listen(listener, 1));
	peer = must("socket", socket(AF_INET, SOCK_STREAM, 0));
	must("connect", connect(peer, (struct sockaddr *)&to, sizeof to));
	fd = must("accept", accept_by(listener));
}

// Receives bytes, given in hexadecimal, that it sent itself.
static void do_receive(void)
{
	unsigned char bytes[64];
	size_t length = 0;
	for (char *digits = word(); digits[0] && digits[1] && length < sizeof bytes; digits += 2)
		must("digits", sscanf(digits, "%2hhx", &bytes[length++]) == 1 ? 0 : -1);
	must("sendto", sendto(peer, bytes, length, 0, NULL, 0));
	must("recvfrom", receive_by(fd, bytes, length));
}

static void do_packet(void) { fd = must("socket", socket_by(AF_PACKET, SOCK_RAW, 0)); }
static void do_raw(void) { fd = must("socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }
static void do_dup(void) { must("dup", dup_by(fd, number())); }

static void do_attach(void)
{
	pid_t child = must("fork", fork());
	if (child == 0) {
		pause();
		_exit(0);
	}
	long attached = ptrace_by(PTRACE_ATTACH, child);
	int failure = errno;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	errno = failure;
	must("ptrace", attached);
}

static void do_traceme(void) { must("ptrace", ptrace_by(PTRACE_TRACEME, 0)); }

static void do_setns(void)
{
	int own = must("open", open("/proc/self/ns/uts", O_RDONLY));
	must("setns", setns_by(own, CLONE_NEWUTS));
}

static void do_unshare(void) { must("unshare", unshare_by(CLONE_NEWUTS)); }

static void do_module(void) { must("init_module", module_by()); }
static void do_bpf(void) { must("bpf", bpf_by(number())); }

// For faults of this program only, which every user may ask for.
static void do_userfaultfd(void) { must("userfaultfd", userfaultfd_by(1)); }

// Executes itself from memory.
static void do_memfd(void)
{
	struct stat size;
	int self = must("open", open("/proc/self/exe", O_RDONLY));
	must("fstat", fstat(self, &size));
	int memory = must("memfd_create", memfd_create("memory", MFD_CLOEXEC));
	must("sendfile", sendfile(memory, self, NULL, size.st_size));
	char *arguments[] = {"memory", "-", NULL};
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
	must("exec", by("execve") ? execve(path, arguments, environ) : fexecve(memory, arguments, environ));
}

static void do_wait(void) { usleep(number() * 1000); }

// Looks for a program on the path, and becomes it.
static void do_exec(void)
{
	char *name = *rest ? *rest : "";
	char *folders = strdup(getenv("PATH")), *path = NULL;
	if (strchr(name, '/'))
		must("exec", exec_by(name, rest));
	for (char *folder = strtok(folders, ":"); folder; folder = strtok(NULL, ":")) {
		must("asprintf", asprintf(&path, "%s/%s", folder, name));
		if (access(path, X_OK) == 0)
			must("exec", exec_by(path, rest));
	}
	errno = ENOENT;
	must("exec", -1);
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
	const char *ways;
} COMMANDS[] = {
	{"append", do_append, "open openat2 io_uring int80"},
	{"as", do_as, ""},
	{"attach", do_attach, "int80"},
	{"bpf", do_bpf, "int80"},
	{"chmod", do_chmod, "fchmodat fchmod int80"},
	{"create", do_create, "open openat2 io_uring int80"},
	{"dup", do_dup, "dup dup3 int80"},
	{"exec", do_exec, "execveat int80"},
	{"link", do_link, "linkat io_uring int80"},
	{"login", do_login, ""},
	{"make", do_make, "open openat2 io_uring int80"},
	{"memfd", do_memfd, "execve"},
	{"mkdir", do_mkdir, "mkdirat io_uring int80"},
	{"module", do_module, "finit_module int80"},
	{"packet", do_packet, "io_uring int80"},
	{"pair", do_pair, "accept io_uring int80"},
	{"raw", do_raw, ""},
	{"read", do_read, "open openat2 io_uring int80"},
	{"receive", do_receive, "io_uring int80"},
	{"rename", do_rename, "renameat renameat2 io_uring int80"},
	{"setns", do_setns, "int80"},
	{"setuid", do_setuid, "int80"},
	{"spawn", do_spawn, "execveat int80"},
	{"symlink", do_symlink, "symlinkat io_uring int80"},
	{"tcp", do_tcp, "int80"},
	{"terminal", do_terminal, ""},
	{"traceme", do_traceme, "int80"},
	{"udp", do_udp, "io_uring int80"},
	{"unlink", do_unlink, "unlinkat io_uring int80"},
	{"unshare", do_unshare, "int80"},
	{"userfaultfd", do_userfaultfd, "int80"},
	{"wait", do_wait, ""},
	{"write", do_write, "open openat2 io_uring int80"},
};
#define COUNT (sizeof COMMANDS / sizeof *COMMANDS)

static void perform(const char *name)
{
	for (size_t i = 0; i < COUNT; i++) {
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
	if (count == 2 && strcmp(arguments[1], "ways") == 0) {
		for (size_t i = 0; i < COUNT; i++)
			printf("%s %s\n", COMMANDS[i].name, COMMANDS[i].ways);
		return 0;
	}
	alarm(LIMIT);
	rest = arguments + (count > 0);
	while (*rest && **rest != '-') {
		perform(word());
		if (*rest && strcmp(*rest, "+") == 0)
			rest++;
	}
	return 0;
}
