// What a cell knows to be true, written down as the fields that must say so.

#include <sys/sysmacros.h>

// A line of fields, written at once when the cell is done.
static char line[64 << 10];
static size_t used;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
	va_list rest;
	va_start(rest, format);
	int length = vsnprintf(line + used, sizeof line - used, format, rest);
	va_end(rest);
	used += length;
	if (used + 1 >= sizeof line) {
		fprintf(stderr, "%s: too much to tell\n", cell);
		_exit(2);
	}
}

static void tell(const char *field, const char *value) { put("\t%s=%s", field, value); }
static void tell_number(const char *field, long value) { put("\t%s=%ld", field, value); }
static void tell_argument(const char *name, const char *value) { put("\tevt.arg.%s=%s", name, value); }
// That a field has no value.
static void tell_nothing(const char *field) { put("\t%s=<NA>", field); }

static void end_line(void)
{
	put("\n");
	for (size_t done = 0; done < used;)
		done += check("write", write(STDOUT_FILENO, line + done, used - done));
	used = 0;
}

// Where a link of /proc leads.
static const char *link_of(const char *path)
{
	static char links[4][8192];
	static int at;
	char *out = links[at++ % 4];
	long length = readlink(path, out, sizeof links[0] - 1);
	out[length < 0 ? 0 : length] = 0;
	char *deleted = strstr(out, " (deleted)");
	if (deleted)
		*deleted = 0;
	return out;
}

static const char *path_of(int fd)
{
	return fd == AT_FDCWD ? link_of("/proc/self/cwd") : link_of(text("/proc/self/fd/%d", fd));
}

// The path that a string names, absolute and without dots, whatever links there are.
static void lexical(char *out, size_t size, int directory, const char *string)
{
	char whole[8192], *save = NULL;
	snprintf(whole, sizeof whole, "%s/%s", *string == '/' ? "" : path_of(directory), string);
	*out = 0;
	for (char *name = strtok_r(whole, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		if (strcmp(name, "..") == 0) {
			char *slash = strrchr(out, '/');
			*(slash ? slash : out) = 0;
		} else if (strcmp(name, ".") != 0) {
			size_t length = strlen(out);
			snprintf(out + length, size - length, "/%s", name);
		}
	}
	if (!*out)
		strcpy(out, "/");
}

// The path of the entry that a string names: its directory's own, and its name.
static void entry(char *out, size_t size, int directory, const char *string)
{
	char whole[8192], folder[8192];
	snprintf(whole, sizeof whole, "%s/%s", *string == '/' ? "" : path_of(directory), string);
	char *slash = strrchr(whole, '/');
	while (slash > whole && !slash[1]) {
		*slash = 0;
		slash = strrchr(whole, '/');
	}
	*slash = 0;
	if (!realpath(*whole ? whole : "/", folder))
		*out = 0;
	else
		snprintf(out, size, "%s/%s", strcmp(folder, "/") ? folder : "", slash + 1);
}

// What the kernel calls files that have no path, and what Falco calls them.
static const struct {
	const char *name, *type, letter;
} NAMELESS[] = {
	{"anon_inode:[eventfd]", "event", 'e'}, {"anon_inode:[signalfd]", "signalfd", 's'},
	{"anon_inode:[eventpoll]", "eventpoll", 'l'}, {"anon_inode:inotify", "inotify", 'i'},
	{"anon_inode:[timerfd]", "timerfd", 't'}, {"anon_inode:[io_uring]", "io_uring", 'r'},
	{"anon_inode:bpf-map", "bpf", 'b'}, {"anon_inode:[userfaultfd]", "userfaultfd", 'u'},
	{"anon_inode:[pidfd]", "pidfd", 'P'}, {"/memfd:", "memfd", 'm'}, {"anon_inode:", "other", 'o'},
};

struct kind {
	const char *type;
	char letter;
};

static int family_of(int fd)
{
	int family = -1;
	socklen_t size = sizeof family;
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
	return family;
}

static struct kind kind_of(int fd)
{
	struct stat about;
	check("fstat", fstat(fd, &about));
	const char *path = path_of(fd);
	for (size_t i = 0; i < sizeof NAMELESS / sizeof *NAMELESS; i++)
		if (strncmp(path, NAMELESS[i].name, strlen(NAMELESS[i].name)) == 0)
			return (struct kind){NAMELESS[i].type, NAMELESS[i].letter};
	if (S_ISDIR(about.st_mode))
		return (struct kind){"directory", 'd'};
	if (S_ISFIFO(about.st_mode))
		return (struct kind){"pipe", 'p'};
	if (strncmp(path, "pidfd:", 6) == 0)
		return (struct kind){"pidfd", 'P'};
	if (S_ISSOCK(about.st_mode)) {
		switch (family_of(fd)) {
		case AF_INET: return (struct kind){"ipv4", '4'};
		case AF_INET6: return (struct kind){"ipv6", '6'};
		case AF_UNIX: return (struct kind){"unix", 'u'};
		case AF_NETLINK: return (struct kind){"netlink", 'n'};
		default: return (struct kind){"other", 'o'};
		}
	}
	return (struct kind){"file", 'f'};
}

// The descriptor that the event is about, after it: what it is, and of a file, where.
static void tell_descriptor(const char *parameter, int fd, const char *name)
{
	struct stat about;
	struct kind kind = kind_of(fd);
	check("fstat", fstat(fd, &about));
	tell_number("fd.num", fd);
	tell("fd.type", kind.type);
	tell("fd.typechar", text("%c", kind.letter));
	if (kind.letter != 'f' && kind.letter != 'd')
		return;
	tell_number("fd.ino", about.st_ino);
	tell_number("fd.dev.major", major(about.st_dev));
	tell_number("fd.dev.minor", minor(about.st_dev));
	if (name) {
		tell("fd.name.given", name);
		tell("fd.name.real", path_of(fd));
	}
	name = name ? name : path_of(fd);
	tell("fd.name", name);
	if (parameter)
		tell_argument(parameter, text("<%c>%s", kind.letter, name));
}

// The program and its working directory before it does anything.
static char program[4096], folder[4096];

// What is true whatever was done.
static void tell_thread(void)
{
	tell_number("proc.pid", getpid());
	tell_number("thread.tid", gettid());
	tell_number("proc.ppid", getppid());
	tell_number("user.uid", getuid());
	tell_number("group.gid", getgid());
	tell("proc.exepath", program);
	tell("proc.cwd", folder);
	tell("container.id", "host");
}

static void tell_result(const struct call *call)
{
	bool failed = call->result < 0;
	const char *error = failed ? strerrorname_np(-call->result) : "SUCCESS";
	tell("evt.type", call->row->event);
	tell("evt.is_async", call->way == REQUEST ? "true" : "false");
	if (!call->row->result)
		return;
	tell_number("evt.rawres", call->result);
	tell("evt.res", error);
	tell("evt.failed", failed ? "true" : "false");
	if (failed)
		tell_argument(call->row->result, error);
	else if (!call->row->makes_descriptor)
		tell_argument(call->row->result, text("%ld", call->result));
}

static void tell_path(const struct call *call, int at)
{
	const struct argument *argument = &call->args[at];
	const char *field = text("evt.arg.%s", argument->name);
	if (!argument->name)
		return;
	if (!argument->text) {
		tell_nothing(field);
		return;
	}
	tell(field, call->given[at]);
	tell(text("evt.rawarg.%s", argument->name), argument->text);
	if (call->result < 0 || argument->as != PATH)
		return;
	if (call->row->makes_descriptor)
		tell_descriptor(call->row->result, call->result, call->given[at]);
	else
		tell(text("real:%s", field), call->real[at]);
}

static void tell_arguments(const struct call *call)
{
	for (int at = 0; at < ARGS_MAX; at++) {
		const struct argument *argument = &call->args[at];
		switch (argument->as) {
		case NUMBER:
			tell_argument(argument->name, text(argument->text, argument->value));
			break;
		case TEXT:
		case STRING:
			if (argument->text)
				tell_argument(argument->name, argument->text);
			else
				tell_nothing(text("evt.arg.%s", argument->name));
			break;
		case PATH:
		case ASKED:
			tell_path(call, at);
			break;
		case PROCESS:
		case DIRECTORY:
		case DESCRIPTOR:
			if (argument->name)
				tell(text("evt.rawarg.%s", argument->name), text("%ld", argument->value));
			break;
		case ABOUT:
			if (argument->name)
				tell(text("evt.rawarg.%s", argument->name), text("%ld", argument->value));
			if (argument->value >= 0)
				tell_descriptor(argument->name, argument->value, NULL);
			break;
		default:
			break;
		}
	}
}
