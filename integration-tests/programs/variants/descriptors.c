// What is done with descriptors, and the syscalls that make some.

#include "perform.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "made.h"

struct narrow_vector {
	unsigned base, length;
};

struct narrow_time {
	int seconds, parts;
};

static char buffer[8192];
static char content[] = "content";
static struct iovec vector = {buffer, 7}, own_vector = {content, 7};
static struct narrow_vector narrow_vector, narrow_own_vector;
static struct timespec moment;
static struct timeval instant;
static struct narrow_time narrow_moment, narrow_instant;
static struct pollfd polled = {.fd = 0, .events = POLLIN};
static struct pollfd closed_one = {.fd = 999, .events = POLLIN};
static unsigned long long signals = 1 << (SIGUSR1 - 1) | 1 << (SIGTERM - 1);
static long long position;
static int ends[2];
static struct io_uring_params ring_params;

// What was read, or written.
static void tell_content(const struct call *call)
{
	tell_argument("data", call->result < 0 ? "<NA>" : "content");
}

static void tell_read(const struct call *call)
{
	tell_content(call);
	tell_argument("size", text("%ld", call->result < 0 ? 0 : call->result));
}

static void tell_written(const struct call *call)
{
	tell_argument("data", "content");
	tell_argument("size", "7");
}

static void tell_pipe(const struct call *call)
{
	struct stat about;
	if (call->result < 0)
		return;
	check("fstat", fstat(ends[0], &about));
	tell("evt.rawarg.fd1", text("%d", ends[0]));
	tell("evt.rawarg.fd2", text("%d", ends[1]));
	tell_argument("ino", text("%lu", about.st_ino));
}

static void tell_position(const struct call *call)
{
	if (call->result >= 0)
		tell_argument("offset", text("%ld", call->result));
}

static void tell_ring(const struct call *call)
{
	if (call->result < 0)
		return;
	tell_argument("sq_entries", text("%u", ring_params.sq_entries));
	tell_argument("cq_entries", text("%u", ring_params.cq_entries));
	tell_argument("sq_thread_idle", "0");
}

static void tell_signals(const struct call *call)
{
	if (call->result >= 0)
		tell_argument("mask", text("%llX", signals));
}

// What is closed isn't there any more when it is told of.
static char closed_path[4096];
static struct stat closed_file;

static void remember(struct call *call)
{
	snprintf(closed_path, sizeof closed_path, "%s", path_of(call->args[0].value));
	fstat(call->args[0].value, &closed_file);
}

static void tell_closed(const struct call *call)
{
	if (call->result < 0)
		return;
	tell("fd.type", "file");
	tell("fd.name", closed_path);
	tell_number("fd.ino", closed_file.st_ino);
	tell_argument("fd", text("<f>%s", closed_path));
}

static void begin_position(struct call *call) { position = 0; }

static int a_ring(void)
{
	struct io_uring_params fresh = {0};
	return check("io_uring_setup", syscall(SYS_io_uring_setup, 4, &fresh));
}

static int an_epoll(void) { return check("epoll_create1", epoll_create1(EPOLL_CLOEXEC)); }
static int a_closed_one(void) { return 999; }

static const struct row ROWS[] = {
	{ON(read), .request = IORING_OP_READ, RES, .tell = tell_content, .args = {ABOUT_FD("fd", a_file), MEMORY(buffer), N("size", 7)},
		.others = {
			{"of a pipe", 0, .args = {ABOUT_FD("fd", a_pipe_to_read), MEMORY(buffer), N("size", 7)}, .tell = tell_content},
			{"EISDIR", EISDIR, .args = {ABOUT_FD("fd", a_directory_fd), MEMORY(buffer), N("size", 7)}},
			{"of a closed one", EBADF, .args = {FD("fd", a_closed_one), MEMORY(buffer), N("size", 7)}},
		}},
	{ON_BY(pread, pread64), .request = IORING_OP_READ, RES, .tell = tell_content,
		.args = {ABOUT_FD("fd", a_file), MEMORY(buffer), N("size", 7), N("pos", 0), P(0)},
		.others = {
			{"ESPIPE", ESPIPE, .args = {ABOUT_FD("fd", a_pipe_to_read), MEMORY(buffer), N("size", 7), N("pos", 0)}},
			{"far, 32-bit", 0, true, .args = {ABOUT_FD("fd", a_file), MEMORY(buffer), N("size", 7),
				AS("pos", 5, "4294967301"), P(1)}},
		}},
	{ON(readv), .request = IORING_OP_READV, RES, .tell = tell_read, .args = {ABOUT_FD("fd", a_file), MEMORIES(&vector, &narrow_vector), P(1)}},
	{ON(preadv), .request = IORING_OP_READV, RES, .tell = tell_read,
		.args = {ABOUT_FD("fd", a_file), MEMORIES(&vector, &narrow_vector), P(1), N("pos", 0), P(0)},
		.others = {{"far, 32-bit", 0, true, .args = {ABOUT_FD("fd", a_file), MEMORIES(&vector, &narrow_vector), P(1),
			AS("pos", 5, "4294967301"), P(1)}}}},
	{ON(write), .request = IORING_OP_WRITE, RES, .args = {ABOUT_FD("fd", a_file), STR("data", "content"), N("size", 7)},
		.others = {
			{"to a pipe", 0, .args = {ABOUT_FD("fd", a_pipe_to_write), STR("data", "content"), N("size", 7)}},
			{"of which only the beginning is told", 0, .args = {ABOUT_FD("fd", a_file),
				AS("data", "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
				"01234567890123456789012345678901234567890123456789012345678901234567890123456789"), N("size", 100)}},
		}},
	{ON_BY(pwrite, pwrite64), .request = IORING_OP_WRITE, RES, .args = {ABOUT_FD("fd", a_file), STR("data", "content"), N("size", 7), N("pos", 3), P(0)},
		.others = {{"far, 32-bit", 0, true, .args = {ABOUT_FD("fd", a_file), STR("data", "content"), N("size", 7),
			AS("pos", 5, "4294967301"), P(1)}}}},
	{ON(writev), .request = IORING_OP_WRITEV, RES, .tell = tell_written, .args = {ABOUT_FD("fd", a_file), MEMORIES(&own_vector, &narrow_own_vector), P(1)},
		.cannot = {{"bad pointer", "the sizes are where the vector isn't"}}},
	{ON(pwritev), .request = IORING_OP_WRITEV, RES, .tell = tell_written, .cannot = {{"bad pointer", "the sizes are where the vector isn't"}},
		.args = {ABOUT_FD("fd", a_file), MEMORIES(&own_vector, &narrow_own_vector), P(1), N("pos", 3), P(0)}},
	{ON_AS(sendfile, sendfile64), RES, .prepare = begin_position, .tell = tell_position,
		.args = {FD("out_fd", another_file), ABOUT_FD("in_fd", a_file), MEMORY(&position), N("size", 4)}},
	{ON(splice), .request = IORING_OP_SPLICE, RES, .args = {ABOUT_FD("fd_in", a_file), P(NULL), FD("fd_out", a_pipe_to_write), P(NULL), N("size", 4),
		FLAGS("flags", SPLICE_F_MOVE|SPLICE_F_MORE)},
		.others = {{"EINVAL", EINVAL, .args = {ABOUT_FD("fd_in", a_file), P(NULL), FD("fd_out", another_file), P(NULL),
			N("size", 4), FLAGS("flags", SPLICE_F_MOVE)}}}},
	{ON(close), .request = IORING_OP_CLOSE, RES, .prepare = remember, .tell = tell_closed, .args = {FD("fd", a_file)}},
	{ON(dup), RES, .args = {ABOUT_FD("oldfd", a_file)}},
	{ON(dup2), RES, .args = {ABOUT_FD("oldfd", a_file), N("newfd", 77)},
		.others = {{"of a pipe", 0, .args = {ABOUT_FD("oldfd", a_pipe_to_read), N("newfd", 0)}}}},
	{ON(dup3), RES, .args = {ABOUT_FD("oldfd", a_file), N("newfd", 77), FLAGS("flags", O_CLOEXEC)},
		.others = {{"EINVAL", EINVAL, .args = {ABOUT_FD("oldfd", a_file), N("newfd", 77), FLAGS("flags", O_NONBLOCK)}}}},
	{ON_AS(fcntl, fcntl64), RES, .args = {ABOUT_FD("fd", a_file), FLAGS("cmd", F_GETFD), P(0)},
		.others = {{"EINVAL", EINVAL, .args = {ABOUT_FD("fd", a_file), FLAGS("cmd", F_DUPFD), P(1 << 30)}}}},
	{ON(ioctl), RES, .args = {ABOUT_FD("fd", a_file), HEX("request", FIONREAD), HEX("argument", (long)buffer)},
		.others = {{"ENOTTY", ENOTTY, .args = {ABOUT_FD("fd", a_file), HEX("request", TIOCGWINSZ), HEX("argument", (long)buffer)}}}},
	{ON(pipe), RES, .tell = tell_pipe, .args = {MEMORY(ends)}},
	{ON(pipe2), RES, .tell = tell_pipe, .args = {MEMORY(ends), FLAGS("flags", O_CLOEXEC|O_NONBLOCK)},
		.others = {{"EINVAL", EINVAL, .args = {MEMORY(ends), AS("flags", O_APPEND, "1024")}}}},
	{ON(eventfd), MAKES("res"), .args = {N("initval", 3)}},
	{ON(eventfd2), MAKES("res"), .args = {N("initval", 3), FLAGS("flags", O_CLOEXEC|O_NONBLOCK)},
		.others = {{"EINVAL", EINVAL, .args = {N("initval", 3), AS("flags", O_APPEND, "1024")}}}},
	{ON(signalfd), MAKES("res"), .tell = tell_signals, .cannot = {{"bad descriptor", "-1 asks for a new one"}},
		.args = {CLOSED_FD("fd"), MEMORY(&signals), P(8)},
		.others = {{"EBADF", EBADF, .args = {FD("fd", a_closed_one), MEMORY(&signals), P(8)}}}},
	{ON(signalfd4), MAKES("res"), .tell = tell_signals, .cannot = {{"bad descriptor", "-1 asks for a new one"}},
		.args = {CLOSED_FD("fd"), MEMORY(&signals), P(8), FLAGS("flags", O_CLOEXEC)},
		.others = {{"EINVAL", EINVAL, .args = {FD("fd", a_file), MEMORY(&signals), P(8), FLAGS("flags", O_CLOEXEC)}}}},
	{ON(timerfd_create), MAKES("res"), .args = {N("clockid", CLOCK_MONOTONIC), N("flags", 0)},
		.others = {{"EINVAL", EINVAL, .args = {N("clockid", 99), N("flags", 0)}}}},
	{ON(inotify_init), MAKES("res")},
	{ON(inotify_init1), MAKES("res"), .args = {FLAGS("flags", O_CLOEXEC|O_NONBLOCK)},
		.others = {{"EINVAL", EINVAL, .args = {AS("flags", O_APPEND, "1024")}}}},
	{ON(epoll_create), MAKES("res"), .args = {N("size", 1)}, .others = {{"EINVAL", EINVAL, .args = {N("size", 0)}}}},
	{ON(epoll_create1), MAKES("res"), .args = {FLAGS("flags", EPOLL_CLOEXEC)},
		.others = {{"EINVAL", EINVAL, .args = {AS("flags", 1, "1")}}}},
	{ON(epoll_wait), RES, .cannot = {{"bad pointer", "nothing is written where nothing happened"}},
		.args = {ABOUT_FD(NULL, an_epoll), MEMORY(buffer), N("maxevents", 4), P(0)},
		.others = {{"EINVAL", EINVAL, .args = {ABOUT_FD(NULL, an_epoll), MEMORY(buffer), N("maxevents", 0), P(0)}}}},
	{ON(poll), RES, .args = {MEMORY(&polled), P(1), N("timeout", 0)},
		.others = {{"EINVAL", EINVAL, .args = {MEMORY(&polled), P(-1), N("timeout", 0)}},
			{"without end", 0, .args = {MEMORY(&closed_one), P(1), AS("timeout", -1u, "-1")}},
			{"without end, 32-bit", 0, true, .args = {MEMORY(&closed_one), P(1), N("timeout", -1)}}}},
	{ON(ppoll), RES, .args = {MEMORY(&polled), P(1), MEMORIES(&moment, &narrow_moment), MEMORY(&signals), P(8)},
		.others = {{"told", 0, .args = {MEMORY(&polled), P(1), AS("timeout", &moment, "0s"),
			AS("sigmask", &signals, "SIGUSR1 SIGTERM"), P(8)}}}},
	{ON_AS(select, _newselect), RES, .args = {P(0), P(NULL), P(NULL), P(NULL), MEMORIES(&instant, &narrow_instant)},
		.others = {{"EINVAL", EINVAL, .args = {P(-1), P(NULL), P(NULL), P(NULL), P(NULL)}}}},
	{ON(userfaultfd), MAKES("res"), .args = {AS("flags", O_CLOEXEC | 1, "O_CLOEXEC")},
		.others = {{"EINVAL", EINVAL, .args = {AS("flags", O_APPEND, "1024")}}}},
	{ON(memfd_create), MAKES("fd"), .args = {STR("name", "in memory"), FLAGS("flags", MFD_CLOEXEC|MFD_ALLOW_SEALING)},
		.others = {{"EINVAL", EINVAL, .args = {STR("name", "in memory"), AS("flags", 1 << 15, "32768")}}}},
	{ON(io_uring_setup), RES, .tell = tell_ring, .args = {N("entries", 4), MEMORY(&ring_params)},
		.others = {{"EINVAL", EINVAL, .args = {N("entries", 0), MEMORY(&ring_params)}}}},
	{ON(io_uring_enter), RES,
		.args = {ABOUT_FD("fd", a_ring), N("to_submit", 0), N("min_complete", 0), FLAGS("flags", IORING_ENTER_GETEVENTS)},
		.others = {{"EOPNOTSUPP", EOPNOTSUPP, .args = {ABOUT_FD("fd", a_file), N("to_submit", 0), N("min_complete", 0),
			FLAGS("flags", IORING_ENTER_GETEVENTS)}}}},
	{ON(io_uring_register), RES,
		.args = {ABOUT_FD("fd", a_ring), FLAGS("opcode", IORING_REGISTER_PROBE), HEX("arg", (long)buffer), N("nr_args", 2)},
		.others = {{"EINVAL", EINVAL, .args = {ABOUT_FD("fd", a_ring), AS("opcode", 999, "999"), HEX("arg", 0), N("nr_args", 0)}}}},
};

int main(int count, char **arguments)
{
	narrow_vector = (struct narrow_vector){(long)buffer, 7};
	narrow_own_vector = (struct narrow_vector){(long)content, 7};
	return PERFORM(count, arguments, ROWS);
}
