// What is over before anybody can look: programs that start each other, processes that end at once, users that change.

#include "perform.h"

#include <sched.h>
#include <signal.h>

#include "made.h"

#define CHAIN 50
#define BRIEF 50

// Set for the programs of a chain: which of them it is.
#define LINK "LANNER_LINK"

// The rest of a cell whose event is another process's.
static void begin_line(const char *event, const char *column, pid_t pid, pid_t parent)
{
	put("%s\t%s\t%s\tSUCCESS", cell, event, column);
	tell("evt.type", event);
	tell("proc.name", cell);
	tell_number("proc.pid", pid);
	tell_number("proc.ppid", parent);
	tell("container.id", "host");
}

// Becomes the next program, which does the same.
static void go_on(int at)
{
	char path[512], variable[32], first[32];
	snprintf(path, sizeof path, "dir/cell-link-%d", at);
	snprintf(variable, sizeof variable, LINK "=%d", at);
	snprintf(first, sizeof first, "argument %d", at);
	execve(path, (char *[]){path, first, NULL}, (char *[]){variable, NULL});
	_exit(3);
}

static void chain(void)
{
	int gate[2];
	for (int at = 0; at < CHAIN; at++)
		check("linkat", linkat(AT_FDCWD, "/proc/self/exe", AT_FDCWD, text("dir/cell-link-%d", at), AT_SYMLINK_FOLLOW));
	check("pipe2", pipe2(gate, O_CLOEXEC));
	pid_t child = check("fork", fork());
	if (child == 0) {
		close(gate[1]);
		check("read", read(gate[0], &(char){0}, 1));
		go_on(0);
	}
	for (int at = 0; at < CHAIN; at++) {
		snprintf(cell, sizeof cell, "cell-link-%d", at);
		begin_line("execve", "in a chain of 50", child, getpid());
		tell("proc.exe", text("dir/cell-link-%d", at));
		tell("proc.args", text("argument %d", at));
		tell("proc.cmdline", text("cell-link-%d argument %d", at, at));
		tell("proc.exepath", text("%s/dir/cell-link-%d", work, at));
		tell("proc.cwd", work);
		tell("proc.pname", "moments");
		tell_argument("filename", text("%s/dir/cell-link-%d", work, at));
		end_line();
	}
	close(gate[1]);
	check("waitpid", waitpid(child, NULL, 0));
}

static void brief(void)
{
	for (int at = 0; at < BRIEF; at++) {
		snprintf(cell, sizeof cell, "cell-brie-%d", at);
		pid_t child = check("fork", fork());
		if (child == 0) {
			begin_cell();
			open("file", O_RDONLY);
			_exit(0);
		}
		begin_line("openat", "by a process that ends at once", child, getpid());
		tell("proc.exepath", program);
		tell("proc.cwd", work);
		tell("proc.cmdline", text("%s %s", cell, work));
		tell("proc.pname", "moments");
		tell("fd.name", text("%s/file", work));
		tell("fd.name.real", text("%s/file", work));
		end_line();
		check("waitpid", waitpid(child, NULL, 0));
	}
}

// The parent has ended: it is a child of another's then.
static void orphan(void)
{
	snprintf(cell, sizeof cell, "cell-orphan");
	pid_t parent = check("fork", fork());
	if (parent == 0) {
		pid_t former = getpid();
		if (check("fork", fork()) != 0)
			_exit(0);
		while (getppid() == former)
			sched_yield();
		begin_line("openat", "by an orphan", getpid(), getppid());
		tell("proc.exepath", program);
		tell("fd.name", text("%s/file", work));
		begin_cell();
		open("file", O_RDONLY);
		end_cell();
		end_line();
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
}

// Another thread than the first has a name of its own.
static void *open_alone(void *unused)
{
	begin_cell();
	open("file", O_RDONLY);
	end_cell();
	begin_line("openat", "by another thread", getpid(), getppid());
	tell_number("thread.tid", gettid());
	tell("proc.exepath", program);
	end_line();
	return NULL;
}

static void thread(void)
{
	pthread_t thread;
	snprintf(cell, sizeof cell, "cell-thread");
	errno = pthread_create(&thread, NULL, open_alone, NULL);
	check("pthread_create", -errno);
	pthread_join(thread, NULL);
}

// Changes the user on either side of an open, which is another's.
static void as_user(int before, int after, const char *column)
{
	snprintf(cell, sizeof cell, "cell-user-%d", before);
	pid_t child = check("fork", fork());
	if (child == 0) {
		check("setresuid", syscall(SYS_setresuid, before, before, 0));
		begin_cell();
		open("file", O_RDONLY);
		end_cell();
		syscall(SYS_setresuid, after, after, after);
		begin_line("openat", column, getpid(), getppid());
		tell_number("user.uid", before);
		end_line();
		_exit(0);
	}
	check("waitpid", waitpid(child, NULL, 0));
}

int main(int count, char **arguments)
{
	const char *link = getenv(LINK);
	if (link && atoi(link) + 1 < CHAIN)
		go_on(atoi(link) + 1);
	if (link)
		return 0;
	if (count != 2)
		return 2;
	lay_out(arguments[1]);
	// Whoever becomes a parent in place of one that ended.
	check("prctl", prctl(PR_SET_CHILD_SUBREAPER, 1));
	chain();
	brief();
	orphan();
	thread();
	as_user(OTHER_USER, 0, "before the user changes back");
	as_user(0, OTHER_USER, "before the user changes");
	return 0;
}
