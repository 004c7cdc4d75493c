// Programs that are started, and processes that are made.

#include "perform.h"

#include <sched.h>
#include <signal.h>

#include "made.h"

static char *arguments[] = {"as it was called", "first", "second argument", NULL};
static char *environment[] = {"LANNER_STARTED=1", NULL};
static unsigned narrow_arguments[4], narrow_environment[2];

// What starts is this program, which goes no further: so all is told before.
static void start(struct call *call, const long *values)
{
	if (!call->fails) {
		tell_call(call);
		end_line();
	}
	begin_cell();
	call->result = done(call, values);
	end_cell();
	if (!call->fails)
		broken(call, strerrorname_np(-call->result));
}

static int path_at(const struct call *call) { return call->row->number == SYS_execve ? 0 : 1; }

static void tell_started(const struct call *call)
{
	if (call->fails)
		return;
	tell("proc.exe", "as it was called");
	tell("proc.args", "first second argument");
	tell("proc.cmdline", text("%s first second argument", cell));
	tell("proc.exepath", call->real[path_at(call)]);
	tell("proc.pname", "programs");
	tell_argument("exe", "as it was called");
	tell_argument("comm", cell);
	tell_argument("cwd", folder);
	tell_argument("uid", "root");
}

// As in Falco, a program that is started is told of as by execve.
static void tell_at(const struct call *call)
{
	if (call->fails) {
		tell_argument("pathname", call->args[1].text ? call->given[1] : "<NA>");
		return;
	}
	tell("evt.type", "execve");
	tell_argument("filename", call->given[1]);
	tell("real:evt.arg.filename", call->real[1]);
	tell_started(call);
}

// A text that names its interpreter, which is this program, and one that is neither that nor a program.
static void into_script(struct call *call)
{
	int fd = check("open", open(call->given[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0777));
	check("fchmod", fchmod(fd, 0777));
	dprintf(fd, "#!%s\n", link_of("/proc/self/exe"));
	close(fd);
}

static void into_text(struct call *call)
{
	int fd = check("open", open(call->given[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0777));
	check("fchmod", fchmod(fd, 0777));
	dprintf(fd, "echo\n");
	close(fd);
}

static void tell_script(const struct call *call)
{
	tell("proc.exe", program);
	tell("proc.args", text("%s first second argument", call->given[0]));
	tell("proc.exepath", program);
	tell_argument("comm", cell);
}

// The event is the child's, which has the name of the one that makes it until it takes another.
static void make(struct call *call, const long *values)
{
	begin_cell();
	long child = done(call, values);
	if (child == 0) {
		end_cell();
		_exit(0);
	}
	end_cell();
	check("waitpid", child > 0 ? waitpid(child, NULL, 0) : child);
	call->result = 0;
	call->args[0].value = child;
}

static void tell_made(const struct call *call)
{
	tell_number("proc.pid", call->args[0].value);
	tell_number("thread.tid", call->args[0].value);
	tell_number("proc.ppid", getpid());
	tell("evt.rawarg.ptid", text("%d", getpid()));
	tell("evt.rawarg.vpid", text("%ld", call->args[0].value));
}

static const struct row ROWS[] = {
	{ON(execve), RES, .perform = start, .tell = tell_started,
		.args = {PATHNAME("filename", A_PROGRAM), MEMORIES(arguments, narrow_arguments),
			MEMORIES(environment, narrow_environment)},
		.others = {
			{"a script", 0, .prepare = into_script, .tell = tell_script,
				.args = {ASKED_PATH("filename", A_FILE), MEMORY(arguments), MEMORY(environment)}},
			{"ENOEXEC", ENOEXEC, .prepare = into_text,
				.args = {PATHNAME("filename", A_FILE), MEMORY(arguments), MEMORY(environment)}},
			{"EACCES", EACCES, .args = {PATHNAME("filename", A_DIRECTORY), MEMORY(arguments), MEMORY(environment)}},
		}},
	{ON(execveat), RES, .perform = start, .tell = tell_at,
		.args = {DIR_FD(NULL), PATHNAME(NULL, A_PROGRAM), MEMORIES(arguments, narrow_arguments),
			MEMORIES(environment, narrow_environment), P(0)}},
	{ON(clone), RES, .perform = make, .tell = tell_made, .args = {P(SIGCHLD)},
		.others = {{"vfork", 0, .args = {P(SIGCHLD | CLONE_VFORK)}, .tell = tell_made}}},
};

int main(int count, char **values)
{
	for (int at = 0; arguments[at]; at++)
		narrow_arguments[at] = (long)arguments[at];
	narrow_environment[0] = (long)environment[0];
	return PERFORM(count, values, ROWS);
}
