// What a path may lead through, with both of its readings.

#include "perform.h"

#include <sched.h>
#include <sys/mount.h>

#include "made.h"

// Directories in each other, more than a walk of 64 steps has; and names that together are longer than PATH_MAX.
#define DEEP 150
#define LONG_NAMES 20
#define LONG_NAME 250

static void alone(void)
{
	check("unshare", unshare(CLONE_NEWNS));
	check("mount", mount("", "/", "", MS_REC | MS_PRIVATE, NULL));
}

static void bind_another(struct call *call)
{
	alone();
	check("mount", mount(text("%s/other", work), text("%s/dir", work), NULL, MS_BIND, NULL));
}

static void own_root(struct call *call)
{
	alone();
	mkdir("proc", 0777);
	check("mount", mount("proc", "proc", "proc", 0, NULL));
	check("chroot", chroot(work));
	check("chdir", chdir("/"));
}

// Once more inside, with a root that only the mount namespace has.
static void own_mounts(struct call *call)
{
	alone();
	check("mount", mount(work, work, NULL, MS_BIND, NULL));
	check("chdir", chdir(work));
	mkdir("former", 0777);
	mkdir("proc", 0777);
	check("mount", mount("proc", "proc", "proc", 0, NULL));
	check("pivot_root", syscall(SYS_pivot_root, ".", "former"));
	check("chdir", chdir("/"));
	check("umount2", umount2("/former", MNT_DETACH));
}

static void overlay(struct call *call)
{
	alone();
	mkdir("layers", 0777);
	check("mount", mount("none", "layers", "tmpfs", 0, NULL));
	check("mkdir", mkdir("layers/lower", 0777) | mkdir("layers/upper", 0777) | mkdir("layers/work", 0777));
	close(check("open", open("layers/lower/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0666)));
	close(check("open", open("layers/upper/changed", O_WRONLY | O_CREAT | O_CLOEXEC, 0666)));
	check("mkdir", mkdir("layers/merged", 0777));
	check("mount", mount("none", "layers/merged", "overlay", 0,
		"lowerdir=layers/lower,upperdir=layers/upper,workdir=layers/work"));
}

static void clean_layers(const struct call *call)
{
	bool upper = strstr(call->args[1].text, "changed");
	tell("fd.is_upper_layer", upper ? "true" : "false");
	tell("fd.is_lower_layer", upper ? "false" : "true");
	tell_argument("flags", upper ? "O_RDONLY|FD_UPPER_LAYER" : "O_RDONLY|FD_LOWER_LAYER");
}

// A directory that is moved between its opening and its use.
static int a_moved_directory(void)
{
	const char *name = text("%s/dir/%s.moved", work, cell);
	check("mkdir", mkdir(name, 0777));
	int fd = check("open", open(name, O_PATH | O_DIRECTORY | O_CLOEXEC));
	close(check("openat", openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0666)));
	check("rename", rename(name, text("%s/other/%s.moved", work, cell)));
	return fd;
}

static int in_a_moved_directory(void)
{
	check("fchdir", fchdir(a_moved_directory()));
	return AT_FDCWD;
}

static int nested(int count, int length)
{
	char name[LONG_NAME + 1];
	memset(name, 'd', length);
	name[length] = 0;
	check("mkdir", mkdir(text("dir/%s", cell), 0777));
	check("chdir", chdir(text("dir/%s", cell)));
	for (int at = 0; at < count; at++) {
		check("mkdir", mkdir(name, 0777));
		check("chdir", chdir(name));
	}
	close(check("open", open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0666)));
	return AT_FDCWD;
}

static int deep(void) { return nested(DEEP, 1); }
static int long_names(void) { return nested(LONG_NAMES, LONG_NAME); }

// The kernel gives no path of that length: it is put together.
static void tell_long(const struct call *call)
{
	static char path[8192];
	int length = snprintf(path, sizeof path, "%s/dir/%s", work, cell);
	for (int at = 0; at < LONG_NAMES; at++) {
		path[length++] = '/';
		memset(path + length, 'd', LONG_NAME);
		length += LONG_NAME;
	}
	snprintf(path + length, sizeof path - length, "/file");
	tell("fd.name", path);
	tell("fd.name.given", path);
	tell("fd.name.real", path);
	tell_argument("name", path);
	tell_argument("fd", text("<f>%s", path));
	path[length] = 0;
	tell("proc.cwd", path);
}

// More than a path may be, of which the beginning is told.
static char too_long_a_path[4201];

static void tell_beginning(const struct call *call)
{
	char known[4096];
	memcpy(known, too_long_a_path, sizeof known);
	known[4094] = 0;
	tell_argument("name", text("%s...", known));
}

static int a_removed_file(void)
{
	check("dup2", dup2(a_file(), 100));
	check("unlink", unlink(text("%s/dir/%s.open", work, cell)));
	return AT_FDCWD;
}

static int a_hard_link(void)
{
	check("link", link("file", "hard.link"));
	return AT_FDCWD;
}

static const struct row ROWS[] = {
	{ON(openat), MAKES("fd"), .only_others = true, .others = {
		{"a process's own root", 0, .args = {DIR_FD("dirfd"), PATHNAME("name", "/proc/self/root/etc/passwd"), FLAGS("flags", O_RDONLY)}},
		{"a process's own directory", 0, .args = {DIR_FD("dirfd"), PATHNAME("name", "/proc/self/cwd/file"), FLAGS("flags", O_RDONLY)}},
		{"a deleted file", 0,
			.args = {DIR_FD_BY("dirfd", a_removed_file), PATHNAME("name", "/proc/self/fd/100"), FLAGS("flags", O_RDONLY)}},
		{"a place", 0, .args = {DIR_FD("dirfd"), PATHNAME("name", A_FILE), FLAGS("flags", O_PATH|O_RDONLY)}},
		{"a moved directory", 0, .args = {DIR_FD_BY("dirfd", a_moved_directory), PATHNAME("name", "file"), FLAGS("flags", O_RDONLY)}},
		{"from a moved directory", 0, .args = {DIR_FD_BY("dirfd", in_a_moved_directory), PATHNAME("name", "./file"), FLAGS("flags", O_RDONLY)}},
		{"a mount of a namespace", 0, .prepare = bind_another,
			.args = {DIR_FD("dirfd"), PATHNAME("name", A_FILE), FLAGS("flags", O_RDONLY)}},
		{"an overlay's lower layer", 0, .prepare = overlay, .tell = clean_layers,
			.args = {DIR_FD("dirfd"), PATHNAME("name", "layers/merged/file"), FLAGS("flags", O_RDONLY)}},
		{"an overlay's upper layer", 0, .prepare = overlay, .tell = clean_layers,
			.args = {DIR_FD("dirfd"), PATHNAME("name", "layers/merged/changed"), FLAGS("flags", O_RDONLY)}},
		{"150 directories", 0, .args = {DIR_FD_BY("dirfd", deep), PATHNAME("name", "file"), FLAGS("flags", O_RDONLY)}},
		{"5,000 bytes", 0, .tell = tell_long, .args = {DIR_FD_BY("dirfd", long_names), PATHNAME("name", "file"), FLAGS("flags", O_RDONLY)}},
	}},
	{ON(openat), MAKES("fd"), .only_others = true, .others = {
		{"4,200 bytes in a string", ENAMETOOLONG, .tell = tell_beginning,
			.args = {DIR_FD("dirfd"), MEMORY(too_long_a_path), FLAGS("flags", O_RDONLY)}},
		{"chroot", 0, .prepare = own_root, .args = {DIR_FD("dirfd"), PATHNAME("name", "/link/../file"), FLAGS("flags", O_RDONLY)}},
		{"another root", 0, .prepare = own_mounts, .args = {DIR_FD("dirfd"), PATHNAME("name", "/file"), FLAGS("flags", O_RDONLY)}},
		{"a hard link", 0,
			.args = {DIR_FD_BY("dirfd", a_hard_link), PATHNAME("name", "hard.link"), FLAGS("flags", O_RDONLY)}},
	}},
};

int main(int count, char **arguments)
{
	for (int at = 0; at < 4200; at += 2)
		memcpy(too_long_a_path + at, "/d", 2);
	return PERFORM(count, arguments, ROWS);
}
