// The columns of the table: each a way to do what a row says, or to fail with it. What has no such cell says why.

#include <linux/openat2.h>

#include "cells.h"
#include "told.h"

// Who may do little, and what is not for him.
#define OTHER_USER 12345
#define SECRET "secret"

static bool has(const struct argument *arguments, enum as as)
{
	for (int at = 0; at < ARGS_MAX; at++)
		if (arguments[at].as == as)
			return true;
	return false;
}

static bool has_path(const struct row *row) { return has(row->args, PATH) || has(row->args, ASKED); }

// The first argument of those that are paths, memory, or descriptors.
static int first(const struct row *row, bool paths, bool memory, bool descriptors)
{
	for (int at = 0; at < ARGS_MAX; at++) {
		enum as as = row->args[at].as;
		if ((paths && (as == PATH || as == ASKED)) || (memory && (as == STRING || as == POINTER)) ||
		    (descriptors && (as == DESCRIPTOR || as == ABOUT)))
			return at;
	}
	return -1;
}

static const char *always(const struct row *row) { return NULL; }
static const char *a_path(const struct row *row) { return has_path(row) ? NULL : "no path"; }

static const char *a_directory(const struct row *row)
{
	return has(row->args, DIRECTORY) ? NULL : has_path(row) ? "no directory's descriptor" : "no path";
}

static const char *memory(const struct row *row)
{
	return first(row, true, true, false) >= 0 ? NULL : "no memory is passed";
}

static const char *a_descriptor(const struct row *row)
{
	return first(row, false, false, true) >= 0 ? NULL : "no descriptor is passed";
}

static const char *a_privilege(const struct row *row)
{
	return row->privileged || has_path(row) ? NULL : "everybody may";
}

static const char *a_narrow_call(const struct row *row)
{
	return row->narrow >= 0 ? NULL : "32-bit programs have no such call";
}

static const char *a_wide_call(const struct row *row)
{
	return row->number >= 0 ? NULL : "32-bit programs alone have it";
}

static const char *a_socketcall(const struct row *row)
{
	return row->socketcall ? NULL : "not a call of socketcall(2)";
}

static const char *a_request(const struct row *row)
{
	return row->request ? NULL : "not an operation of io_uring";
}

static const char *an_open(const struct row *row)
{
	return row->makes_descriptor && has(row->args, PATH) ? NULL : "opens nothing by a path";
}

// Puts another folder before the name that a path ends in.
static void in_folder(struct call *call, const char *folder)
{
	for (int at = 0; at < ARGS_MAX; at++) {
		struct argument *argument = &call->args[at];
		if ((argument->as == PATH || argument->as == ASKED) && argument->text) {
			const char *name = strrchr(argument->text, '/');
			argument->text = text("%s%s", folder, name ? name + 1 : argument->text);
		}
	}
}

static void as_it_is(struct call *call) {}
static void below(struct call *call) { in_folder(call, "dir/"); }
static void dots(struct call *call) { in_folder(call, text("%s/dir/../link/.././dir//", work)); }
static void by_link(struct call *call) { in_folder(call, text("%s/link/", work)); }
static void by_root(struct call *call) { in_folder(call, text("/proc/self/root%s/dir/", work)); }
static void missing(struct call *call) { in_folder(call, text("%s/none/", work)); }
static void through_file(struct call *call) { in_folder(call, text("%s/file/", work)); }
static void through_loop(struct call *call) { in_folder(call, text("%s/loop/", work)); }

static void by_descriptor(struct call *call)
{
	int directory = check("open", open(text("%s/dir", work), O_PATH | O_CLOEXEC));
	for (int at = 0; at < ARGS_MAX; at++)
		if (call->args[at].as == DIRECTORY)
			call->args[at].value = directory;
	in_folder(call, "");
}

static void too_long(struct call *call)
{
	char name[301];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	in_folder(call, text("%s/%s/", work, name));
}

static void as_another(struct call *call)
{
	call->forbidden = true;
	if (has_path(call->row))
		in_folder(call, text("%s/" SECRET "/", work));
}

// What is in no memory of the program's.
static void nowhere(struct call *call)
{
	struct argument *argument = &call->args[first(call->row, true, true, false)];
	argument->text = NULL;
	argument->value = argument->narrow = 8;
}

static void closed(struct call *call)
{
	struct argument *argument = &call->args[first(call->row, false, false, true)];
	argument->value = -1;
	argument->make = NULL;
}

static void narrow(struct call *call) { call->way = NARROW; }
static void by_socketcall(struct call *call) { call->way = SOCKETCALL; }
static void request_it(struct call *call) { call->way = REQUEST; }

// Another thread changes where a link leads while paths go through it.
static void *swap(void *unused)
{
	for (int turn = 0;; turn++) {
		symlink(turn % 2 ? "dir" : "other", "next");
		rename("next", "swapped");
	}
	return NULL;
}

static void swapped(struct call *call)
{
	pthread_t thread;
	unlink("swapped");
	check("symlink", symlink("dir", "swapped"));
	errno = pthread_create(&thread, NULL, swap, NULL);
	check("pthread_create", -errno);
	in_folder(call, text("%s/swapped/", work));
}

static const struct column {
	const char *name;
	bool fails;
	// Why a row has no such cell.
	const char *(*without)(const struct row *);
	void (*change)(struct call *);
} COLUMNS[] = {
	{"success", false, a_wide_call, as_it_is},
	{"32-bit", false, a_narrow_call, narrow},
	{"socketcall", false, a_socketcall, by_socketcall},
	{"io_uring", false, a_request, request_it},
	{"relative", false, a_path, below},
	{"descriptor", false, a_directory, by_descriptor},
	{"dots", false, a_path, dots},
	{"link", false, a_path, by_link},
	{"own root", false, a_path, by_root},
	{"race", false, an_open, swapped},
	{"missing", true, a_path, missing},
	{"no directory", true, a_path, through_file},
	{"loop", true, a_path, through_loop},
	{"too long", true, a_path, too_long},
	{"forbidden", true, a_privilege, as_another},
	{"bad pointer", true, memory, nowhere},
	{"bad descriptor", true, a_descriptor, closed},
};
#define COLUMNS_COUNT (sizeof COLUMNS / sizeof *COLUMNS)
