// Syscalls on files and directories, by their paths.

#include "perform.h"

#include <linux/fs.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>

#include "made.h"

static char buffer[8192];
static struct open_how how = {.flags = O_RDONLY | O_CLOEXEC};
static struct open_how strict = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
static struct {
	struct file_handle head;
	char rest[MAX_HANDLE_SZ];
} handle;

// Of a file that was opened: its device and its inode.
static void tell_opened(const struct call *call)
{
	struct stat about;
	if (call->result < 0)
		return;
	check("fstat", fstat(call->result, &about));
	tell_argument("dev", text("%X", (major(about.st_dev) << 8) | minor(about.st_dev)));
	tell_argument("ino", text("%lu", about.st_ino));
}

static void tell_how(const struct call *call)
{
	bool plain = call->args[2].value == (long)&how;
	tell_argument("flags", "O_RDONLY|O_CLOEXEC");
	tell_argument("mode", "0");
	tell_argument("resolve", plain ? "0" : "RESOLVE_NO_SYMLINKS|RESOLVE_BENEATH");
	tell_opened(call);
}

static void tell_handle(const struct call *call)
{
	if (call->result >= 0)
		tell_argument("path", path_of(call->result));
	tell_opened(call);
}

static void take_handle(struct call *call)
{
	int mount;
	close(another_file());
	handle.head.handle_bytes = MAX_HANDLE_SZ;
	check("name_to_handle_at", name_to_handle_at(AT_FDCWD, text("%s/other/%s", work, cell), &handle.head, &mount, 0));
}

// Mounts are seen in a namespace of their own.
static void alone(struct call *call)
{
	check("unshare", unshare(CLONE_NEWNS));
	check("mount", mount("", "/", "", MS_REC | MS_PRIVATE, NULL));
}

static void mounted(struct call *call)
{
	alone(call);
	if (*call->real[0] && access(call->real[0], F_OK) == 0)
		check("mount", mount("none", call->real[0], "tmpfs", 0, NULL));
}

// What is passed as halves of a number.
static void tell_offset(const struct call *call) { tell_argument("offset", "4294967301"); }
static void tell_cwd(const struct call *call) { tell_argument("path", call->result < 0 ? "<NA>" : buffer); }

// The path as it was written, and where the process is then.
static void tell_moved(const struct call *call)
{
	if (call->args[0].as == ASKED)
		tell_argument("path", call->args[0].text ? call->args[0].text : "<NA>");
	tell("proc.cwd", link_of("/proc/self/cwd"));
}

static int a_context(void) { return check("fsopen", syscall(SYS_fsopen, "tmpfs", 0)); }

static const struct row ROWS[] = {
	{ON(open), MAKES("fd"), .tell = tell_opened,
		.args = {PATHNAME("name", A_FILE), FLAGS("flags", O_RDWR|O_CLOEXEC), OCTAL("mode", 0)},
		.others = {
			{"made", 0, .args = {PATHNAME("name", NEW), AS("flags", O_WRONLY|O_CREAT|O_EXCL, "O_WRONLY|O_CREAT|O_EXCL|O_F_CREATED"),
				OCTAL("mode", 0640)}, .tell = tell_opened},
			{"mode without file", 0, .args = {PATHNAME("name", A_FILE), FLAGS("flags", O_RDONLY), AS("mode", 0777, "0")},
				.tell = tell_opened},
			{"EEXIST", EEXIST, .args = {PATHNAME("name", A_FILE), FLAGS("flags", O_WRONLY|O_CREAT|O_EXCL), OCTAL("mode", 0600)}},
			{"EISDIR", EISDIR, .args = {PATHNAME("name", A_DIRECTORY), FLAGS("flags", O_WRONLY), OCTAL("mode", 0)}},
			{"ENOTDIR", ENOTDIR, .args = {PATHNAME("name", A_FILE), FLAGS("flags", O_RDONLY|O_DIRECTORY), OCTAL("mode", 0)}},
		}},
	{ON(openat), .request = IORING_OP_OPENAT, MAKES("fd"), .tell = tell_opened,
		.args = {DIR_FD("dirfd"), PATHNAME("name", A_FILE), FLAGS("flags", O_RDONLY|O_CLOEXEC), OCTAL("mode", 0)},
		.others = {
			{"made", 0, .args = {DIR_FD("dirfd"), PATHNAME("name", NEW),
				AS("flags", O_RDWR|O_CREAT|O_TRUNC, "O_RDWR|O_CREAT|O_TRUNC|O_F_CREATED"), OCTAL("mode", 0755)},
				.tell = tell_opened},
			{"nameless", 0, .args = {DIR_FD("dirfd"), PATHNAME("name", A_DIRECTORY), AS("flags", O_TMPFILE|O_RDWR, "O_DIRECTORY|O_TMPFILE|O_RDWR"),
				OCTAL("mode", 0600)}},
			{"EINVAL", EINVAL, .args = {DIR_FD("dirfd"), PATHNAME("name", A_DIRECTORY), AS("flags", O_TMPFILE|O_RDONLY, "O_DIRECTORY|O_TMPFILE|O_RDONLY"),
				OCTAL("mode", 0600)}},
			{"EBADF", EBADF, .args = {P(-1), STR("name", "relative"), FLAGS("flags", O_RDONLY), OCTAL("mode", 0)}},
		}},
	{ON(openat2), .request = IORING_OP_OPENAT2, MAKES("fd"), .tell = tell_how,
		.args = {DIR_FD("dirfd"), PATHNAME("name", A_FILE), MEMORY(&how), P(sizeof how)},
		.others = {
			{"EXDEV", EXDEV, .args = {DIR_FD("dirfd"), PATHNAME("name", A_FILE), MEMORY(&strict), P(sizeof strict)},
				.tell = tell_how},
			{"EINVAL", EINVAL, .args = {DIR_FD("dirfd"), PATHNAME("name", A_FILE), MEMORY(&how), P(3)}},
		}},
	{ON(creat), MAKES("fd"), .tell = tell_opened, .args = {PATHNAME("name", NEW), OCTAL("mode", 0640)}},
	{ON(open_by_handle_at), MAKES("fd"), .prepare = take_handle, .tell = tell_handle, .privileged = true,
		.args = {FD("mountfd", a_directory_fd), MEMORY(&handle), FLAGS("flags", O_RDONLY|O_CLOEXEC)}},
	{ON(rename), RES, .args = {PATHNAME("oldpath", A_FILE), PATHNAME("newpath", NEW)},
		.others = {{"ENOTDIR", ENOTDIR, .args = {PATHNAME("oldpath", A_DIRECTORY), PATHNAME("newpath", A_FILE)}}}},
	{ON(renameat), RES, .args = {DIR_FD("olddirfd"), PATHNAME("oldpath", A_FILE), DIR_FD("newdirfd"), PATHNAME("newpath", NEW)}},
	{ON(renameat2), .request = IORING_OP_RENAMEAT, RES,
		.args = {DIR_FD("olddirfd"), PATHNAME("oldpath", A_FILE), DIR_FD("newdirfd"), PATHNAME("newpath", NEW),
			FLAGS("flags", RENAME_NOREPLACE)},
		.others = {
			{"EEXIST", EEXIST, .args = {DIR_FD("olddirfd"), PATHNAME("oldpath", A_FILE), DIR_FD("newdirfd"),
				PATHNAME("newpath", A_FILE), FLAGS("flags", RENAME_NOREPLACE)}},
			{"exchanged", 0, .args = {DIR_FD("olddirfd"), PATHNAME("oldpath", A_FILE), DIR_FD("newdirfd"),
				PATHNAME("newpath", A_FILE), FLAGS("flags", RENAME_EXCHANGE)}},
		}},
	{ON(link), RES, .args = {PATHNAME("oldpath", A_FILE), PATHNAME("newpath", NEW)},
		.others = {{"EEXIST", EEXIST, .args = {PATHNAME("oldpath", A_FILE), PATHNAME("newpath", A_FILE)}},
			{"EPERM", EPERM, .args = {PATHNAME("oldpath", A_DIRECTORY), PATHNAME("newpath", NEW)}}}},
	{ON(linkat), .request = IORING_OP_LINKAT, RES,
		.args = {DIR_FD("olddir"), PATHNAME("oldpath", A_FILE), DIR_FD("newdir"), PATHNAME("newpath", NEW),
			FLAGS("flags", AT_SYMLINK_FOLLOW)}},
	{ON(symlink), RES, .args = {STR("target", "where/it/leads"), PATHNAME("linkpath", NEW)},
		.others = {{"EEXIST", EEXIST, .args = {STR("target", "x"), PATHNAME("linkpath", A_FILE)}}}},
	{ON(symlinkat), .request = IORING_OP_SYMLINKAT, RES,
		.args = {STR("target", "where/it/leads"), DIR_FD("linkdirfd"), PATHNAME("linkpath", NEW)}},
	{ON(unlink), RES, .args = {PATHNAME("path", A_FILE)},
		.others = {{"EISDIR", EISDIR, .args = {PATHNAME("path", A_DIRECTORY)}}}},
	{ON(unlinkat), .request = IORING_OP_UNLINKAT, RES,
		.args = {DIR_FD("dirfd"), PATHNAME("name", A_FILE), AS("flags", 0, "0")},
		.others = {
			{"of a directory", 0, .args = {DIR_FD("dirfd"), PATHNAME("name", A_DIRECTORY), FLAGS("flags", AT_REMOVEDIR)}},
			{"ENOTDIR", ENOTDIR, .args = {DIR_FD("dirfd"), PATHNAME("name", A_FILE), FLAGS("flags", AT_REMOVEDIR)}},
		}},
	{ON(rmdir), RES, .args = {PATHNAME("path", A_DIRECTORY)},
		.others = {{"ENOTDIR", ENOTDIR, .args = {PATHNAME("path", A_FILE)}}}},
	{ON(mkdir), RES, .args = {PATHNAME("path", NEW), HEX("mode", 0750)},
		.others = {{"EEXIST", EEXIST, .args = {PATHNAME("path", A_FILE), HEX("mode", 0750)}}}},
	{ON(mkdirat), .request = IORING_OP_MKDIRAT, RES,
		.args = {DIR_FD("dirfd"), PATHNAME("path", NEW), HEX("mode", 0750)}},
	{ON(mknod), RES, .args = {PATHNAME("path", NEW), FLAGS("mode", S_IFIFO|S_IRUSR|S_IWUSR), N("dev", 0)},
		.others = {{"EEXIST", EEXIST, .args = {PATHNAME("path", A_FILE), FLAGS("mode", S_IFREG|S_IRUSR), N("dev", 0)}},
			{"a device", 0, .args = {PATHNAME("path", NEW), FLAGS("mode", S_IFCHR|S_IRUSR), N("dev", 259)}}}},
	{ON(mknodat), RES,
		.args = {DIR_FD("dirfd"), PATHNAME("path", NEW), FLAGS("mode", S_IFIFO|S_IRUSR|S_IWUSR), N("dev", 0)}},
	{ON(mount), RES, .prepare = alone,
		.args = {ASKED_PATH("dev", A_DIRECTORY), ASKED_PATH("dir", A_DIRECTORY), STR("type", "none"),
			AS("flags", MS_BIND, "BIND"), P(NULL)},
		.others = {{"ENODEV", ENODEV, .args = {ASKED_PATH("dev", A_DIRECTORY), ASKED_PATH("dir", A_DIRECTORY), STR("type", "nofs"),
			AS("flags", MS_RDONLY|MS_NOEXEC, "RDONLY|NOEXEC"), P(NULL)}, .prepare = alone}}},
	{ON_NARROW(umount), RES, .prepare = mounted, .args = {ASKED_PATH("name", A_DIRECTORY)}},
	{ON(umount2), RES, .prepare = mounted,
		.args = {ASKED_PATH("name", A_DIRECTORY), AS("flags", MNT_DETACH, "DETACH")},
		.others = {{"EINVAL", EINVAL, .args = {ASKED_PATH("name", A_FILE), AS("flags", 0, "0")}}}},
	{ON(chmod), RES, .args = {PATHNAME("filename", A_FILE), FLAGS("mode", S_ISUID|S_IRUSR|S_IWUSR|S_IXUSR)}},
	{ON(fchmodat), RES, .args = {DIR_FD("dirfd"), PATHNAME("filename", A_FILE), FLAGS("mode", S_IRUSR|S_IXOTH)}},
	{ON(fchmod), RES, .args = {ABOUT_FD("fd", a_file), FLAGS("mode", S_IRUSR|S_IXOTH)}},
	{ON_AS(chown, chown32), RES, .args = {PATHNAME("path", A_FILE), N("uid", 7), N("gid", 8)}},
	{ON_AS(lchown, lchown32), RES, .args = {PATHNAME("path", A_FILE), N("uid", 7), N("gid", 8)}},
	{ON_AS(fchown, fchown32), RES, .args = {ABOUT_FD("fd", a_file), N("uid", 7), N("gid", 8)}},
	{ON(fchownat), RES,
		.args = {DIR_FD("dirfd"), PATHNAME("pathname", A_FILE), N("uid", 7), N("gid", 8), FLAGS("flags", AT_SYMLINK_NOFOLLOW)}},
	{ON(stat), RES, .args = {ASKED_PATH("path", A_FILE), MEMORY(buffer)}},
	{ON(lstat), RES, .args = {ASKED_PATH("path", A_FILE), MEMORY(buffer)}},
	{ON(fstat), RES, .args = {ABOUT_FD("fd", a_file), MEMORY(buffer)}},
	{ON_NARROW(stat64), RES, .args = {ASKED_PATH("path", A_FILE), MEMORY(buffer)}},
	{ON_NARROW(lstat64), RES, .args = {ASKED_PATH("path", A_FILE), MEMORY(buffer)}},
	{ON_NARROW(fstat64), RES, .args = {ABOUT_FD(NULL, a_file), MEMORY(buffer)}},
	{ON_AS(newfstatat, fstatat64), RES,
		.args = {DIR_FD("dirfd"), ASKED_PATH("path", A_FILE), MEMORY(buffer), FLAGS("flags", AT_SYMLINK_NOFOLLOW)}},
	{ON(access), RES, .args = {ASKED_PATH("name", A_FILE), FLAGS("mode", R_OK|W_OK)}},
	{ON(getcwd), RES, .tell = tell_cwd, .args = {MEMORY(buffer), P(sizeof buffer)},
		.others = {{"ERANGE", ERANGE, .args = {MEMORY(buffer), P(2)}}}},
	{ON(chdir), RES, .tell = tell_moved, .args = {ASKED_PATH(NULL, A_DIRECTORY)}},
	{ON(fchdir), RES, .tell = tell_moved, .args = {ABOUT_FD("fd", a_directory_fd)},
		.others = {{"ENOTDIR", ENOTDIR, .args = {ABOUT_FD("fd", a_file)}}}},
	{ON(chroot), RES, .args = {PATHNAME("path", A_DIRECTORY)}},
	{ON(getdents), RES, .args = {ABOUT_FD("fd", a_directory_fd), MEMORY(buffer), P(sizeof buffer)},
		.others = {{"ENOTDIR", ENOTDIR, .args = {ABOUT_FD("fd", a_file), MEMORY(buffer), P(sizeof buffer)}}}},
	{ON(getdents64), RES, .args = {ABOUT_FD("fd", a_directory_fd), MEMORY(buffer), P(sizeof buffer)}},
	{ON(flock), RES, .args = {ABOUT_FD("fd", a_file), FLAGS("operation", LOCK_EX|LOCK_NB)},
		.others = {{"EINVAL", EINVAL, .args = {ABOUT_FD("fd", a_file), AS("operation", 0, "LOCK_NONE")}}}},
	{ON(lseek), RES, .args = {ABOUT_FD("fd", a_file), N("offset", 3), FLAGS("whence", SEEK_CUR)}},
	{.event = "llseek", .number = -1, .narrow = I386__llseek, RES,
		.tell = tell_offset, .args = {ABOUT_FD("fd", a_file), P(1), P(5), MEMORY(buffer), FLAGS("whence", SEEK_SET)}},
	{ON(copy_file_range), RES,
		.args = {ABOUT_FD("fdin", a_file), P(NULL), FD("fdout", another_file), P(NULL), N("len", 4), P(0)}},
	{ON(fsconfig), RES,
		.args = {ABOUT_FD("fd", a_context), FLAGS("cmd", FSCONFIG_SET_STRING), STR("key", "size"), MEMORY("1m"), N("aux", 0)},
		.others = {{"EINVAL", EINVAL, .args = {ABOUT_FD("fd", a_context), FLAGS("cmd", FSCONFIG_SET_STRING), STR("key", "none"),
			MEMORY("1m"), N("aux", 0)}}}},
	{ON(quotactl), RES, .privileged = true,
		.cannot = {{"success", "needs a disk with quotas"}, {"32-bit", "needs a disk with quotas"}},
		.args = {P(0x80000700), STR("special", "/dev/none"), N("id", 5), MEMORY(buffer)},
		.others = {{"ENOENT", ENOENT}}},
};

int main(int count, char **arguments)
{
	return PERFORM(count, arguments, ROWS);
}
