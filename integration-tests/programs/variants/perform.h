// Cells are performed: each in a process of its own, which has the cell's name while it does it and at no other time,
// so that what it did is told apart from what led to it.

#include "columns.h"

// Operations of io_uring that are newer than the headers.
enum { REQUEST_BIND = 56, REQUEST_LISTEN = 57 };

// How long a cell may take, in seconds, before it counts as hanging.
#define LIMIT 20

// The calls of 32-bit programs, in the one way that 64-bit programs have to make them. All that is passed is in
// static memory, which is where such a program can point to.
static long narrow_call(long number, const long *values)
{
	register const long *from __asm__("r15") = values;
	long result;
	__asm__ volatile("mov %%rbp, %%r14; mov 40(%%r15), %%ebp; int $0x80; mov %%r14, %%rbp"
		: "=a"(result)
		: "a"(number), "b"(values[0]), "c"(values[1]), "d"(values[2]), "S"(values[3]), "D"(values[4]), "r"(from)
		: "memory", "r8", "r9", "r10", "r11", "r14");
	// An address may be as high as an errno is low.
	return (unsigned)result > -4096u ? (int)result : (long)(unsigned)result;
}

static long by_one_call(int number, const long *values)
{
	static unsigned words[ARGS_MAX];
	for (int at = 0; at < ARGS_MAX; at++)
		words[at] = values[at];
	return narrow_call(I386_socketcall, (long[ARGS_MAX]){number, (long)words});
}

// The place in a file that a syscall names, or that the file is at.
static long place(const struct row *row, const long *values)
{
	const char *name = row->args[3].name;
	return name && strcmp(name, "pos") == 0 ? values[3] : -1;
}

// The request that does what a syscall does with these arguments.
static struct io_uring_sqe request_of(const struct row *row, const long *values)
{
	int operation = row->request;
	struct io_uring_sqe request = {.opcode = operation, .fd = values[0], .addr = values[1], .len = values[2]};
	switch (operation) {
	case IORING_OP_OPENAT:
		request.open_flags = values[2];
		request.len = values[3];
		break;
	case IORING_OP_READ:
	case IORING_OP_WRITE:
	case IORING_OP_READV:
	case IORING_OP_WRITEV:
		request.off = place(row, values);
		break;
	case IORING_OP_CLOSE:
		request = (struct io_uring_sqe){.opcode = operation, .fd = values[0]};
		break;
	case IORING_OP_SPLICE:
		request = (struct io_uring_sqe){.opcode = operation, .splice_fd_in = values[0], .splice_off_in = -1,
			.fd = values[2], .off = -1, .len = values[4], .splice_flags = values[5]};
		break;
	case IORING_OP_OPENAT2:
		request.addr2 = values[2];
		request.len = values[3];
		break;
	case IORING_OP_UNLINKAT:
		request.len = 0;
		request.unlink_flags = values[2];
		break;
	case IORING_OP_RENAMEAT:
	case IORING_OP_LINKAT:
		request.addr2 = values[3];
		request.rename_flags = values[4];
		break;
	case IORING_OP_SYMLINKAT:
		request = (struct io_uring_sqe){.opcode = operation, .addr = values[0], .fd = values[1], .addr2 = values[2]};
		break;
	case IORING_OP_ACCEPT:
		request.len = 0;
		request.addr2 = values[2];
		request.accept_flags = values[3];
		break;
	case IORING_OP_CONNECT:
	case REQUEST_BIND:
		request.len = 0;
		request.off = values[2];
		break;
	case IORING_OP_SOCKET:
		request.off = values[1];
		request.addr = 0;
		break;
	case IORING_OP_SHUTDOWN:
	case REQUEST_LISTEN:
		request.len = values[1];
		request.addr = 0;
		break;
	case IORING_OP_SEND:
	case IORING_OP_RECV:
		request.msg_flags = values[3];
		break;
	case IORING_OP_SENDMSG:
	case IORING_OP_RECVMSG:
		request.len = 1;
		request.msg_flags = values[2];
		break;
	}
	return request;
}

static long done(const struct call *call, const long *values)
{
	const struct row *row = call->row;
	switch (call->way) {
	case NARROW:
		return narrow_call(row->narrow, values);
	case SOCKETCALL:
		return by_one_call(row->socketcall, values);
	case REQUEST:
		return request(request_of(row, values));
	default: {
		long result = syscall(row->number, values[0], values[1], values[2], values[3], values[4], values[5]);
		return result < 0 ? -errno : result;
	}
	}
}

// From here on, and until it has another name, what the thread does is the cell's.
static void begin_cell(void) { prctl(PR_SET_NAME, cell); }
static void end_cell(void) { prctl(PR_SET_NAME, "told"); }

// Makes what the last component of a path stands for, and gives the path that the cell has it under.
static const char *made(const char *path)
{
	const char *percent = strchr(path, '%');
	if (!percent)
		return path;
	char kind = percent[1];
	const char *found = text("%.*s%s%s", (int)(percent - path), path, cell, percent + 2);
	const char *folders[] = {"dir", "other", SECRET};
	for (int at = 0; at < 3; at++) {
		const char *name = text("%s/%s/%s%s", work, folders[at], cell, percent + 2);
		if (kind == 'f')
			close(check("open", open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666)));
		else if (kind == 'd')
			check("mkdir", mkdir(name, 0777));
		else if (kind == 'x')
			check("linkat", linkat(AT_FDCWD, "/proc/self/exe", AT_FDCWD, name, AT_SYMLINK_FOLLOW));
	}
	return found;
}

// Two paths of a cell have different names; the first has that of the cell.
static const char *placed(const struct argument *argument, bool second)
{
	if (argument->text && *argument->text == '%')
		return text("%s/dir/%s%s", work, argument->text, second ? ".2" : "");
	return argument->text;
}

static void pass(struct call *call, long *values)
{
	int directory = AT_FDCWD;
	for (int at = 0; at < ARGS_MAX; at++) {
		struct argument *argument = &call->args[at];
		enum as as = argument->as;
		if (argument->make)
			argument->value = argument->make();
		if (as == DIRECTORY)
			directory = argument->value;
		if ((as == PATH || as == ASKED) && argument->text) {
			snprintf(call->string[at], sizeof *call->string, "%s", made(argument->text));
			argument->text = call->string[at];
			lexical(call->given[at], sizeof *call->given, directory, argument->text);
			entry(call->real[at], sizeof *call->real, directory, argument->text);
		}
		values[at] = argument->value;
		if ((as == PATH || as == ASKED || as == STRING) && argument->text)
			values[at] = (long)argument->text;
		if ((call->way == NARROW || call->way == SOCKETCALL) && argument->narrow)
			values[at] = argument->narrow;
	}
}

static void tell_call(struct call *call)
{
	put("%s\t%s\t%s\t%s", cell, call->row->event, call->column,
		call->result < 0 ? strerrorname_np(-call->result) : "SUCCESS");
	tell("proc.name", cell);
	tell_result(call);
	tell_thread();
	tell_arguments(call);
	if (call->row->makes_descriptor && !has(call->args, PATH) && call->result >= 0)
		tell_descriptor(call->row->result, call->result, NULL);
	void (*tell_more)(const struct call *) = call->other ? call->other->tell : call->row->tell;
	if (tell_more)
		tell_more(call);
}

// Performs a cell, and says what it knows of it.
static void perform(struct call *call)
{
	void (*prepare)(struct call *) = call->other ? call->other->prepare : call->row->prepare;
	long values[ARGS_MAX];
	alarm(LIMIT);
	umask(0);
	if (call->change)
		call->change(call);
	pass(call, values);
	if (prepare)
		prepare(call);
	snprintf(folder, sizeof folder, "%s", link_of("/proc/self/cwd"));
	if (call->way == REQUEST)
		begin();
	if (call->forbidden) {
		check("setresgid", syscall(SYS_setresgid, OTHER_USER, OTHER_USER, OTHER_USER));
		check("setresuid", syscall(SYS_setresuid, OTHER_USER, OTHER_USER, OTHER_USER));
	}
	if (call->row->perform) {
		call->row->perform(call, values);
	} else {
		begin_cell();
		call->result = done(call, values);
		end_cell();
	}
	tell_call(call);
	end_line();
}

static int number = 0;
static bool slipped = false;

// Performs it in a child, where it can change what it likes.
static void in_child(struct call *call, bool fails, int error)
{
	int status;
	call->fails = fails;
	snprintf(cell, sizeof cell, "cell-%.4s-%d", program_invocation_short_name, number++);
	pid_t child = check("fork", fork());
	if (child == 0) {
		perform(call);
		if ((call->result < 0) != fails || (error > 0 && call->result != -error))
			broken(call, call->result < 0 ? strerrorname_np(-call->result) : "success");
		_exit(0);
	}
	check("waitpid", waitpid(child, &status, 0));
	if (status != 0) {
		fprintf(stderr, "%s: %s, %s: ended with %#x\n", cell, call->row->event, call->column, status);
		slipped = true;
	}
}

static void begin_call(struct call *call, const struct row *row, const struct argument *args, const char *column)
{
	memset(call, 0, sizeof *call);
	call->row = row;
	call->column = column;
	memcpy(call->args, args, sizeof call->args);
	bool second = false;
	for (int at = 0; at < ARGS_MAX; at++) {
		if (call->args[at].as == PATH || call->args[at].as == ASKED) {
			call->args[at].text = placed(&call->args[at], second);
			second = true;
		}
		if (call->args[at].as == NONE)
			call->args[at].as = PLAIN;
	}
}

static const char *without(const struct row *row, const struct column *column)
{
	for (size_t at = 0; at < 4 && row->cannot[at][0]; at++)
		if (strcmp(row->cannot[at][0], column->name) == 0)
			return row->cannot[at][1];
	return column->without(row);
}

static void perform_row(const struct row *row)
{
	static struct call call;
	for (size_t at = 0; at < COLUMNS_COUNT && !row->only_others; at++) {
		const struct column *column = &COLUMNS[at];
		const char *why = without(row, column);
		if (why) {
			printf("-\t%s\t%s\t%s\n", row->event, column->name, why);
			continue;
		}
		begin_call(&call, row, row->args, column->name);
		// What 32-bit programs alone have fails as such.
		if (row->number < 0)
			call.way = NARROW;
		call.change = column->change;
		fflush(stdout);
		in_child(&call, column->fails, 0);
	}
	for (const struct other *other = row->others; other < row->others + OTHERS_MAX && other->name; other++) {
		bool own = other->args[0].as != NONE;
		begin_call(&call, row, own ? other->args : row->args, other->name);
		call.other = other;
		if (row->number < 0 || other->narrow)
			call.way = NARROW;
		fflush(stdout);
		in_child(&call, other->error != 0, other->error);
	}
}

// The folder that all cells share: a directory with another name, one beside it, one of nobody else's, and traps.
static void lay_out(const char *folder)
{
	check("realpath", realpath(folder, work) ? 0 : -1);
	check("chdir", chdir(work));
	snprintf(program, sizeof program, "%s", link_of("/proc/self/exe"));
	umask(0);
	check("mkdir", mkdir("dir", 0777) | mkdir("other", 0777) | mkdir(SECRET, 0700));
	check("symlink", symlink("dir", "link") | symlink("loop", "loop"));
	close(check("open", open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0666)));
}

// Performs all rows, in the folder that is the argument.
static int perform_all(int count, char **arguments, const struct row *rows, size_t length)
{
	// It was only started to be seen.
	if (getenv("LANNER_STARTED"))
		return 0;
	if (count != 2) {
		fprintf(stderr, "a folder is missing\n");
		return 2;
	}
	lay_out(arguments[1]);
	for (size_t at = 0; at < length; at++)
		perform_row(&rows[at]);
	fflush(stdout);
	return slipped;
}
#define PERFORM(count, arguments, rows) perform_all(count, arguments, rows, sizeof(rows) / sizeof *(rows))
