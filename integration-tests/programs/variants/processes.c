// Processes: what they may, who they are, what they ask of each other, and the signals they send.

#include "perform.h"

#include <linux/capability.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/uio.h>

#include "made.h"

struct narrow_vector {
	unsigned base, length;
};

static char buffer[64], content[] = "content";
static struct iovec own = {buffer, 7}, others = {content, 7};
static struct narrow_vector narrow_own, narrow_others;
static struct rlimit found, wanted = {100, 200};
static unsigned narrow_found[2], narrow_wanted[2] = {100, 200};
static struct rlimit more_wanted = {300, 400}, former;
static unsigned ids[3], word;
static struct sembuf changes[] = {{0, 1, IPC_NOWAIT}, {1, 2, 0}};
static struct timespec moment = {0, 1000};
static int narrow_moment[2] = {0, 1000};
static struct __user_cap_header_struct capabilities = {_LINUX_CAPABILITY_VERSION_3, 0};
static struct __user_cap_data_struct sets[2];

static int own_pid(void) { return getpid(); }
static int no_pid(void) { return 1 << 30; }
static int first_pid(void) { return 1; }
static int semaphores(void) { return check("semget", semget(IPC_PRIVATE, 2, IPC_CREAT | 0666)); }
static int own_process(void) { return check("pidfd_open", syscall(SYS_pidfd_open, getpid(), 0)); }
static int own_names(void) { return check("open", open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC)); }
static int a_closed_one(void) { return 999; }

static void tell_found(const struct call *call)
{
	struct rlimit now;
	check("getrlimit", getrlimit(RLIMIT_NOFILE, &now));
	if (call->result < 0)
		return;
	tell_argument("cur", text("%lu", now.rlim_cur));
	tell_argument("max", text("%lu", now.rlim_max));
}

static void tell_wanted(const struct call *call)
{
	bool bad = call->args[1].value == 8;
	tell_argument("cur", bad ? "<NA>" : "100");
	tell_argument("max", bad ? "<NA>" : "200");
}

static void before_limits(struct call *call)
{
	check("setrlimit", setrlimit(RLIMIT_CORE, &(struct rlimit){500, 600}));
}

static void tell_limits(const struct call *call)
{
	if (call->result < 0)
		return;
	tell_argument("newcur", "300");
	tell_argument("newmax", "400");
	tell_argument("oldcur", "500");
	tell_argument("oldmax", "600");
}

// A process is written as its name, and what is none as a number.
static void tell_session(const struct call *call) { tell_argument("res", call->result < 0 ? "-1" : cell); }
static void begin_session(struct call *call) { check("setsid", setsid()); }

static void tell_changes(const struct call *call)
{
	semctl(call->args[0].value, 0, IPC_RMID);
	if (call->args[1].value == 8)
		return;
	tell_argument("sem_num_0", "0");
	tell_argument("sem_op_0", "1");
	tell_argument("sem_flg_0", "IPC_NOWAIT");
	tell_argument("sem_num_1", "1");
	tell_argument("sem_op_1", "2");
	tell_argument("sem_flg_1", "0");
}

static void remove_semaphores(const struct call *call) { semctl(call->args[0].value, 0, IPC_RMID); }

static void remove_made(const struct call *call)
{
	if (call->result >= 0)
		semctl(call->result, 0, IPC_RMID);
}

static void tell_copied(const struct call *call)
{
	tell_argument("res", text("%ld", call->result));
	tell_argument("data", call->result < 0 ? "<NA>" : "content");
}

static void tell_interval(const struct call *call)
{
	tell_argument("interval", call->args[0].value == 8 ? "<NA>" : "1e-06s");
}

static void take_capabilities(struct call *call)
{
	check("capget", syscall(SYS_capget, &capabilities, sets));
	sets[0].inheritable = 1 << CAP_CHOWN;
}

static void tell_capabilities(const struct call *call)
{
	struct __user_cap_data_struct now[2];
	check("capget", syscall(SYS_capget, &(struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, 0}, now));
	tell_argument("cap_inheritable", text("%lX", (long)now[1].inheritable << 32 | now[0].inheritable));
	tell_argument("cap_permitted", text("%lX", (long)now[1].permitted << 32 | now[0].permitted));
	tell_argument("cap_effective", text("%lX", (long)now[1].effective << 32 | now[0].effective));
}

static void tell_three(const struct call *call, const char *first, const char *second, const char *third)
{
	if (call->result < 0)
		return;
	tell_argument(first, "root");
	tell_argument(second, "root");
	tell_argument(third, "root");
}

static void tell_users(const struct call *call) { tell_three(call, "ruid", "euid", "suid"); }
static void tell_groups(const struct call *call) { tell_three(call, "rgid", "egid", "sgid"); }
static void tell_user(const struct call *call) { tell_argument("uid", "root"); }
static void tell_effective_user(const struct call *call) { tell_argument("euid", "root"); }
static void tell_group(const struct call *call) { tell_argument("gid", "root"); }
static void tell_effective_group(const struct call *call) { tell_argument("egid", "root"); }

// It takes the cell's name itself, once more, where it takes one.
static void set(struct call *call, const long *values)
{
	bool takes_name = values[0] == PR_SET_NAME && !values[1];
	begin_cell();
	call->result = done(call, takes_name ? (long[ARGS_MAX]){PR_SET_NAME, (long)cell} : values);
	end_cell();
}

static void tell_name(const struct call *call)
{
	tell_argument("arg2_str", cell);
	tell_argument("arg2_int", "0");
}

static const struct row ROWS[] = {
	{ON_AS(getrlimit, ugetrlimit), RES, .tell = tell_found,
		.args = {FLAGS("resource", RLIMIT_NOFILE), MEMORIES(&found, narrow_found)},
		.others = {{"EINVAL", EINVAL, .args = {AS("resource", 99, "99"), MEMORY(&found)}}}},
	{ON(setrlimit), RES, .tell = tell_wanted,
		.args = {FLAGS("resource", RLIMIT_CORE), MEMORIES(&wanted, narrow_wanted)},
		.others = {{"EINVAL", EINVAL, .args = {AS("resource", 99, "99"), MEMORY(&wanted)}}}},
	{ON_BY(prlimit, prlimit64), RES, .prepare = before_limits, .tell = tell_limits,
		.args = {N("pid", 0), FLAGS("resource", RLIMIT_CORE), MEMORY(&more_wanted), MEMORY(&former)},
		.others = {{"ESRCH", ESRCH, .args = {N("pid", 1 << 30), FLAGS("resource", RLIMIT_CORE), P(NULL), P(NULL)}}}},
	{ON(ptrace), RES, .args = {FLAGS("request", PTRACE_TRACEME)},
		.others = {
			{"ESRCH", ESRCH, .args = {FLAGS("request", PTRACE_ATTACH), PID("pid", no_pid)}},
			{"EPERM", EPERM, .args = {FLAGS("request", PTRACE_SEIZE), PID("pid", own_pid)}},
		}},
	{ON(setns), RES, .privileged = true, .args = {FD("fd", own_names), FLAGS("nstype", CLONE_NEWUTS)},
		.others = {{"EINVAL", EINVAL, .args = {FD("fd", own_names), FLAGS("nstype", CLONE_NEWNET)}}}},
	{ON(unshare), RES, .privileged = true, .args = {FLAGS("flags", CLONE_NEWUTS|CLONE_FILES)},
		.others = {{"EINVAL", EINVAL, .args = {FLAGS("flags", CLONE_PARENT)}}}},
	{ON(setsid), RES, .tell = tell_session,
		.others = {{"EPERM", EPERM, .prepare = begin_session, .tell = tell_session}}},
	{ON(setpgid), RES, .args = {N("pid", 0), N("pgid", 0)},
		.others = {{"ESRCH", ESRCH, .args = {PID("pid", no_pid), N("pgid", 0)}}}},
	{ON(capset), RES, .privileged = true, .prepare = take_capabilities, .tell = tell_capabilities,
		.args = {MEMORY(&capabilities), MEMORY(sets)}},
	{ON(prctl), RES, .perform = set, .tell = tell_name,
		.args = {FLAGS("option", PR_SET_NAME)},
		.others = {
			{"another option", 0, .args = {FLAGS("option", PR_SET_NO_NEW_PRIVS), N("arg2_int", 1)}},
			{"EFAULT", EFAULT, .args = {FLAGS("option", PR_SET_NAME), AS("arg2_str", 8, "<NA>")}},
			{"EINVAL", EINVAL, .args = {FLAGS("option", PR_SET_NO_NEW_PRIVS), N("arg2_int", 7)}},
			{"EINVAL, 32-bit", EINVAL, true, .args = {FLAGS("option", PR_SET_NO_NEW_PRIVS), N("arg2_int", -7)}},
		}},
	{ON(pidfd_getfd), MAKES("fd"), .args = {FD("pid_fd", own_process), PID("target_fd", a_file), HEX("flags", 0)},
		.others = {{"EBADF", EBADF, .args = {FD("pid_fd", own_process), PID("target_fd", a_closed_one), HEX("flags", 0)}}}},
	{ON(pidfd_open), MAKES("fd"), .args = {PID("pid", own_pid), FLAGS("flags", 0)},
		.others = {{"ESRCH", ESRCH, .args = {PID("pid", no_pid)}}, {"EINVAL", EINVAL, .args = {PID("pid", own_pid), AS("flags", 1, "1")}}}},
	{ON(semget), RES, .tell = remove_made,
		.args = {N("key", IPC_PRIVATE), N("nsems", 2), FLAGS("semflg", IPC_CREAT)},
		.others = {{"ENOENT", ENOENT, .args = {HEX("key", 0x5ead), N("nsems", 2), AS("semflg", 0, "0")}}}},
	{ON_WIDE(semop), RES, .tell = tell_changes, .args = {MADE("semid", semaphores), MEMORY(changes), N("nsops", 2)},
		.others = {{"EINVAL", EINVAL, .args = {N("semid", -1), MEMORY(changes), N("nsops", 2)}}}},
	{ON(semctl), RES, .tell = remove_semaphores,
		.args = {MADE("semid", semaphores), N("semnum", 0), FLAGS("cmd", GETVAL), N("val", 0)},
		.others = {{"EINVAL", EINVAL, .args = {N("semid", -1), N("semnum", 0), FLAGS("cmd", IPC_RMID), N("val", 0)}}}},
	{ON(futex), RES, .args = {HEX("addr", (long)&word), FLAGS("op", FUTEX_WAKE|FUTEX_PRIVATE_FLAG), N("val", 1)},
		.others = {{"EAGAIN", EAGAIN, .args = {HEX("addr", (long)&word), FLAGS("op", FUTEX_WAIT), N("val", 5)}},
			{"EFAULT", EFAULT, .args = {HEX("addr", 8), FLAGS("op", FUTEX_WAIT), N("val", 5)}}}},
	{ON(process_vm_readv), RES, .tell = tell_copied,
		.args = {PID("pid", own_pid), MEMORIES(&own, &narrow_own), P(1), MEMORIES(&others, &narrow_others), P(1), P(0)},
		.others = {{"ESRCH", ESRCH, .tell = tell_copied,
			.args = {PID("pid", no_pid), MEMORY(&own), P(1), MEMORY(&others), P(1), P(0)}}}},
	{ON(process_vm_writev), RES, .tell = tell_copied,
		.args = {PID("pid", own_pid), MEMORIES(&others, &narrow_others), P(1), MEMORIES(&own, &narrow_own), P(1), P(0)},
		.others = {{"ESRCH", ESRCH, .tell = tell_copied,
			.args = {PID("pid", no_pid), MEMORY(&others), P(1), MEMORY(&own), P(1), P(0)}}}},
	{ON(kill), RES, .args = {PID("pid", own_pid), FLAGS("sig", SIGCONT)},
		.others = {{"ESRCH", ESRCH, .args = {PID("pid", no_pid), FLAGS("sig", SIGTERM)}},
			{"EINVAL", EINVAL, .args = {PID("pid", own_pid), N("sig", 99)}},
			{"none", 0, .args = {PID("pid", first_pid), N("sig", 0)}}}},
	{ON(tkill), RES, .args = {PID("tid", own_pid), FLAGS("sig", SIGCONT)},
		.others = {{"ESRCH", ESRCH, .args = {PID("tid", no_pid), FLAGS("sig", SIGKILL)}}}},
	{ON(tgkill), RES, .args = {PID("pid", own_pid), PID("tid", own_pid), FLAGS("sig", SIGCONT)},
		.others = {{"ESRCH", ESRCH, .args = {PID("pid", own_pid), PID("tid", no_pid), FLAGS("sig", SIGUSR1)}}}},
	{ON(nanosleep), RES, .tell = tell_interval, .args = {MEMORIES(&moment, narrow_moment)}},
	{ON_AS(setuid, setuid32), RES, .privileged = true, .args = {AS("uid", 0, "root")}},
	{ON_AS(setgid, setgid32), RES, .privileged = true, .args = {AS("gid", 0, "root")}},
	{ON_AS(setreuid, setreuid32), RES, .privileged = true, .args = {AS("ruid", -1u, "<NONE>"), AS("euid", 0, "root")}},
	{ON_AS(setregid, setregid32), RES, .privileged = true, .args = {AS("rgid", -1u, "<NONE>"), AS("egid", 0, "root")}},
	{ON_AS(setresuid, setresuid32), RES, .privileged = true,
		.args = {AS("ruid", -1u, "<NONE>"), AS("euid", 0, "root"), AS("suid", 0, "root")},
		.others = {{"to another", 0, .args = {AS("ruid", 1, "daemon"), AS("euid", 2, "bin"), AS("suid", 3, "sys")}}}},
	{ON_AS(setresgid, setresgid32), RES, .privileged = true,
		.args = {AS("rgid", -1u, "<NONE>"), AS("egid", 0, "root"), AS("sgid", 0, "root")}},
	{ON_AS(getuid, getuid32), .tell = tell_user},
	{ON_AS(geteuid, geteuid32), .tell = tell_effective_user},
	{ON_AS(getgid, getgid32), .tell = tell_group},
	{ON_AS(getegid, getegid32), .tell = tell_effective_group},
	{ON_AS(getresuid, getresuid32), RES, .tell = tell_users, .args = {MEMORY(&ids[0]), MEMORY(&ids[1]), MEMORY(&ids[2])}},
	{ON_AS(getresgid, getresgid32), RES, .tell = tell_groups, .args = {MEMORY(&ids[0]), MEMORY(&ids[1]), MEMORY(&ids[2])}},
};

int main(int count, char **arguments)
{
	narrow_own = (struct narrow_vector){(long)buffer, 7};
	narrow_others = (struct narrow_vector){(long)content, 7};
	return PERFORM(count, arguments, ROWS);
}
