// The table of what is performed. A row is a syscall with arguments as they should be, each under the name that Falco
// gives it; a column (columns.h) is a way to do it, or to fail. What a cell of both did is told (told.h) as a line of
// fields, tab between, each with the value that it must have.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ring.h"
#include "narrow.h"

// What an argument is, and so how its parameter is written.
enum as {
	NONE,
	// Passed, and not told.
	PLAIN, POINTER,
	// A number, and the text that stands for it.
	NUMBER, TEXT,
	// A path with both readings, or one of which only what was given is told, and a string that is none.
	PATH, ASKED, STRING,
	// A process, a descriptor, that of a directory, and the one that the event is about.
	PROCESS, DESCRIPTOR, DIRECTORY, ABOUT,
};

struct argument {
	enum as as;
	// Falco's name of the parameter.
	const char *name;
	long value;
	const char *text;
	// What a 32-bit program passes, where that is another structure.
	long narrow;
	// Makes a descriptor.
	int (*make)(void);
};

#define P(value_) {.as = PLAIN, .value = (long)(value_)}
#define MEMORY(at) {.as = POINTER, .value = (long)(at)}
// A structure that 32-bit programs have another one for.
#define MEMORIES(at, narrow_) {.as = POINTER, .value = (long)(at), .narrow = (long)(narrow_)}
#define N(name_, value_) {.as = NUMBER, .name = name_, .value = (value_), .text = "%ld"}
#define HEX(name_, value_) {.as = NUMBER, .name = name_, .value = (value_), .text = "%lX"}
#define OCTAL(name_, value_) {.as = NUMBER, .name = name_, .value = (value_), .text = "%#lo"}
// Flags, written as they stand here.
#define FLAGS(name_, value_) {.as = TEXT, .name = name_, .value = (value_), .text = #value_}
// What is written otherwise than it is passed.
#define AS(name_, value_, text_) {.as = TEXT, .name = name_, .value = (long)(value_), .text = text_}
#define PATHNAME(name_, text_) {.as = PATH, .name = name_, .text = text_}
#define ASKED_PATH(name_, text_) {.as = ASKED, .name = name_, .text = text_}
#define STR(name_, text_) {.as = STRING, .name = name_, .text = text_}
#define CLOSED_FD(name_) {.as = DESCRIPTOR, .name = name_, .value = -1}
#define DIR_FD_BY(name_, make_) {.as = DIRECTORY, .name = name_, .make = make_}
#define DIR_FD(name_) {.as = DIRECTORY, .name = name_, .value = AT_FDCWD, .text = "AT_FDCWD"}
#define PID(name_, make_) {.as = PROCESS, .name = name_, .make = make_}
#define MADE(name_, make_) {.as = NUMBER, .name = name_, .make = make_, .text = "%ld"}
#define FD(name_, make_) {.as = DESCRIPTOR, .name = name_, .make = make_}
#define ABOUT_FD(name_, make_) {.as = ABOUT, .name = name_, .make = make_}

// What a path may be: a file that is made for the cell, a directory, a program, and a name that there isn't yet.
#define A_FILE "%f"
#define A_PROGRAM "%x"
#define A_DIRECTORY "%d"
#define NEW "%n"

#define ARGS_MAX 6
#define OTHERS_MAX 12

struct call;

// Whatever it fails with.
#define ANY -1

// The same syscall with other arguments: what it must fail with, or 0. No arguments are those of the row.
struct other {
	const char *name;
	int error;
	// By a 32-bit program.
	bool narrow;
	struct argument args[ARGS_MAX];
	void (*prepare)(struct call *);
	void (*tell)(const struct call *);
};

struct row {
	// The event, and the numbers of its syscall; -1 where there is none.
	const char *event;
	long number, narrow;
	// The operation of io_uring that does it, or 0, and the call of socketcall(2).
	int request, socketcall;
	// The parameter of the result, which may be a descriptor that the event is about.
	const char *result;
	bool makes_descriptor;
	struct argument args[ARGS_MAX];
	// What the other user may not do.
	bool privileged;
	// It has a row of columns elsewhere, and others here.
	bool only_others;
	// Why it can't succeed here, or why something doesn't apply: column by column.
	const char *cannot[4][2];
	struct other others[OTHERS_MAX];
	void (*prepare)(struct call *);
	// Tells what only this syscall knows.
	void (*tell)(const struct call *);
	// Performs it in place of the plain call.
	void (*perform)(struct call *, const long *);
};

// The event of a syscall of the same name, of one that 32-bit programs know by another, or of another altogether.
#define ON(name_) .event = #name_, .number = SYS_##name_, .narrow = I386_##name_
#define ON_AS(name_, narrow_) .event = #name_, .number = SYS_##name_, .narrow = I386_##narrow_
#define ON_BY(event_, name_) .event = #event_, .number = SYS_##name_, .narrow = I386_##name_
#define ON_WIDE(name_) .event = #name_, .number = SYS_##name_, .narrow = -1
#define ON_NARROW(name_) .event = #name_, .number = -1, .narrow = I386_##name_
#define RES .result = "res"
#define MAKES(name_) .result = name_, .makes_descriptor = true
#define CANNOT(column, why) .cannot = {{column, why}}

enum way { WIDE, NARROW, SOCKETCALL, REQUEST };

// A row that is performed: its arguments as they are passed, and what came of it.
struct call {
	const struct row *row;
	const struct other *other;
	const char *column;
	void (*change)(struct call *);
	enum way way;
	struct argument args[ARGS_MAX];
	long result;
	// As another user.
	bool forbidden;
	// Whether it must fail.
	bool fails;
	// The paths as they are passed, and what is known of them before they change.
	char string[ARGS_MAX][8192];
	char given[ARGS_MAX][8192];
	char real[ARGS_MAX][8192];
};

// The folder that all of it happens in, and the name of the cell.
static char work[256];
static char cell[16];

static long check(const char *what, long result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "%s: %s: %s\n", cell, what, strerrorname_np(errno));
	_exit(2);
}

static void broken(const struct call *call, const char *what)
{
	fprintf(stderr, "%s: %s, %s: %s\n", cell, call->row->event, call->column, what);
	_exit(2);
}

static const char *text(const char *format, ...)
{
	static char texts[16][8192];
	static int at;
	char *out = texts[at++ % 16];
	va_list rest;
	va_start(rest, format);
	vsnprintf(out, sizeof texts[0], format, rest);
	va_end(rest);
	return out;
}
