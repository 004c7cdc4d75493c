/* The thread that did it, its cgroup, and paths relative to its root. */
#ifndef LANNER_TASK_H
#define LANNER_TASK_H

#include "common.h"

#define FS_REQUIRES_DEV 1
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994
#define FUSE_SUPER_MAGIC 0x65735546

/*
 * Pointers that the kernel passed to a program, and what they point to in turn, are read as they are: the
 * verifier knows their types, and a fault reads 0. What was computed or read as bytes is read with helpers.
 */

/* The number of a process, session or group in a pid namespace; 0 where it has none there. */
static __always_inline __s32 number_in(struct pid *pid, __u32 level, struct pid_namespace *ns)
{
	void *at = (void *)pid + bpf_core_field_offset(struct pid, numbers);
	struct upid upid;

	if (level == 0) {
		__s32 number = pid->numbers[0].nr;

		/* Not to be made one load with the other: the verifier wants one kind of pointer for each. */
		bounded(number);
		return number;
	}
	if (level > pid->level)
		return 0;
	if (bpf_probe_read_kernel(&upid, sizeof(upid), at + level * sizeof(upid)) || upid.ns != ns)
		return 0;
	return upid.nr;
}

/* The pid namespace at a level. */
static __always_inline struct pid_namespace *namespace_at(struct pid *pid, __u32 level)
{
	void *at = (void *)pid + bpf_core_field_offset(struct pid, numbers);
	struct upid upid = {};

	bpf_probe_read_kernel(&upid, sizeof(upid), at + level * sizeof(upid));
	return upid.ns;
}

static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	struct css_set *set = task->cgroups;
	struct cgroup_subsys_state **states;

	if (cgroup_v2)
		return set->dfl_cgrp;
	states = (void *)set + bpf_core_field_offset(struct css_set, subsys);
	return states[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)]->cgroup;
}

static __always_inline void read_numbers(struct task_record *out, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct pid *pid = task->thread_pid;
	struct pid *group = signal->pids[PIDTYPE_PGID];
	struct pid *session = signal->pids[PIDTYPE_SID];
	__u32 level = pid->level;
	struct pid_namespace *ns = namespace_at(pid, level);

	out->pid = task->tgid;
	out->tid = task->pid;
	out->ppid = task->real_parent->tgid;
	out->pgid = group->numbers[0].nr;
	out->sid = session->numbers[0].nr;
	out->vtid = number_in(pid, level, ns);
	out->vpid = number_in(task->group_leader->thread_pid, level, ns);
	out->vpgid = number_in(group, level, ns);
	out->vsid = number_in(session, level, ns);
	out->pid_ns = BPF_CORE_READ(ns, ns.inum);
}

/* Capabilities are read as bytes, since kernels differ in how they declare them. */
static __always_inline void read_capabilities(struct task_record *out, const struct cred *cred)
{
	const void *at = cred;

	bpf_probe_read_kernel(&out->cap_inheritable, sizeof(__u64),
			      at + bpf_core_field_offset(struct cred, cap_inheritable));
	bpf_probe_read_kernel(&out->cap_permitted, sizeof(__u64),
			      at + bpf_core_field_offset(struct cred, cap_permitted));
	bpf_probe_read_kernel(&out->cap_effective, sizeof(__u64),
			      at + bpf_core_field_offset(struct cred, cap_effective));
}

static __always_inline void read_task(struct task_record *out, struct task_struct *task)
{
	const struct cred *cred = task->cred;
	struct tty_struct *tty = task->signal->tty;

	read_numbers(out, task);
	if (tty) {
		struct tty_driver *driver = tty->driver;
		__u32 minor = driver->minor_start + tty->index;

		/* The number that stat(2) and /proc give: new_encode_dev(). */
		out->tty = (minor & 0xff) | (driver->major << 8) | ((minor & ~0xffU) << 12);
	}
	out->uid = cred->uid.val;
	out->euid = cred->euid.val;
	out->gid = cred->gid.val;
	out->egid = cred->egid.val;
	read_capabilities(out, cred);
	out->loginuid = (__u32)-1;
	if (bpf_core_field_exists(task->loginuid))
		out->loginuid = task->loginuid.val;
	out->mnt_ns = task->nsproxy->mnt_ns->ns.inum;
	out->net_ns = task->nsproxy->net_ns->ns.inum;
	out->cgroup = cgroup_of(task)->kn->id;
	out->start = task->group_leader->start_boottime;
	bpf_probe_read_kernel(out->comm, sizeof(out->comm), task->comm);
}

/* Begins a record about a thread. */
static __always_inline void record_begin(struct scratch *s, __u16 kind, struct task_struct *task)
{
	struct record *record = &s->record;

	s->used = 0;
	__builtin_memset(record, 0, sizeof(*record));
	record->time = bpf_ktime_get_boot_ns();
	record->kind = kind;
	record->cpu = bpf_get_smp_processor_id();
	read_task(&record->task, task);
}

/* Whether a thread is Lanner's own; counts it. */
static __always_inline bool is_own(void)
{
	if ((bpf_get_current_pid_tgid() >> 32) != own_tgid)
		return false;
	count(COUNTER_SELF_EXCLUDED);
	return true;
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/* From the root of a mount to the place where it is mounted; ends where it is mounted nowhere. */
static __always_inline long walk_mount(struct walk *walk)
{
	struct mount *mount = mount_of(walk->mnt);
	struct mount *above = BPF_CORE_READ(mount, mnt_parent);

	if (above == mount || !above)
		return 1;
	walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
	walk->mnt = (void *)above + bpf_core_field_offset(struct mount, mnt);
	walk->mnt_root = BPF_CORE_READ(above, mnt.mnt_root);
	return 0;
}

/* Begins a walk at its leaf. */
static __always_inline void walk_begin(struct scratch *s)
{
	struct vfsmount *mnt = s->walk.leaf_mnt;

	s->used = s->walk.at;
	s->walk.dentry = s->walk.leaf;
	s->walk.mnt = mnt;
	s->walk.mnt_root = BPF_CORE_READ(mnt, mnt_root);
}

/* As much of a dentry as is read at once: in every kernel what is needed stands at its beginning. */
#define DENTRY_SIZE 80

/*
 * A component. The kernel's d_seq is odd while name and parent are changed, and another one afterwards: else a path
 * could be put together that the file never had.
 */
static long walk_dentry(__u32 i, __u32 *index)
{
	struct scratch *s = scratch_of(*index);
	const __u32 seq_at = bpf_core_field_offset(struct dentry, d_seq.seqcount.sequence);
	const __u32 parent_at = bpf_core_field_offset(struct dentry, d_parent);
	const __u32 name_at = bpf_core_field_offset(struct dentry, d_name.name);
	__u64 words[DENTRY_SIZE / 8];
	void *block = words;
	struct dentry *dentry, *parent;
	__u32 before, after;

	if (!s)
		return 1;
	if (i == STEPS_MAX - 1)
		s->record.flags |= FLAG_WALK_ENDED;
	dentry = s->walk.dentry;
	if (dentry == s->walk.root && s->walk.mnt == s->walk.root_mnt) {
		append_root(s);
		return 1;
	}
	if (dentry == s->walk.mnt_root) {
		if (walk_mount(&s->walk) == 0)
			return 0;
		append_root(s);
		return 1;
	}
	if (bpf_probe_read_kernel(words, sizeof(words), dentry))
		return 1;
	before = *(__u32 *)(block + seq_at);
	parent = *(struct dentry **)(block + parent_at);
	if (!append_name(s, *(void **)(block + name_at))) {
		s->record.flags |= FLAG_TRUNCATED | FLAG_WALK_ENDED;
		return 1;
	}
	bpf_probe_read_kernel(&after, sizeof(after), (void *)dentry + seq_at);
	if ((before & 1) || before != after) {
		if (++s->walk.times < WALKS_MAX) {
			walk_begin(s);
			return 0;
		}
		s->record.flags |= FLAG_RACED;
	}
	s->walk.dentry = parent;
	/* What is in no directory, as a memfd: its name is all there is; a pipe has not even that. */
	return dentry == parent;
}

/* A path as its components, leaf first, and an empty one for the root where it was reached: s->walk says which. */
static __always_inline void part_walk(struct scratch *s, __u32 index, __u16 kind, struct dentry *dentry,
				      struct vfsmount *mnt)
{
	__u64 at = part_begin(s);

	s->walk.leaf = dentry;
	s->walk.leaf_mnt = mnt;
	s->walk.at = s->used;
	s->walk.times = 0;
	walk_begin(s);
	if (dentry)
		bpf_loop(STEPS_MAX, walk_dentry, &index, 0);
	part_end(s, at, kind);
}

/* A path up to the root of the thread, or, for a file outside of it, to that of its mount namespace. */
static __always_inline void part_path(struct scratch *s, __u32 index, __u16 kind, struct dentry *dentry,
				      struct vfsmount *mnt, struct fs_struct *fs)
{
	s->walk.root = fs->root.dentry;
	s->walk.root_mnt = fs->root.mnt;
	part_walk(s, index, kind, dentry, mnt);
}

/* The path of the thread's root itself, up to that of its mount namespace. */
static __always_inline void part_root(struct scratch *s, __u32 index, __u16 kind, struct task_struct *task)
{
	struct fs_struct *fs = task->fs;

	s->walk.root = 0;
	s->walk.root_mnt = 0;
	if (fs)
		part_walk(s, index, kind, fs->root.dentry, fs->root.mnt);
}

/* The path of an open file. */
static __always_inline void part_file(struct scratch *s, __u32 index, __u16 kind, struct file *file,
				      struct task_struct *task)
{
	struct fs_struct *fs = task->fs;

	if (file && fs)
		part_path(s, index, kind, BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_path.mnt), fs);
}

/* The path of the working directory. */
static __always_inline void part_cwd(struct scratch *s, __u32 index, __u16 kind, struct task_struct *task)
{
	struct fs_struct *fs = task->fs;

	if (fs)
		part_path(s, index, kind, fs->pwd.dentry, fs->pwd.mnt, fs);
}

/* Which layer of an overlay a file is in: its inode is followed by the dentry in the upper one (struct ovl_inode). */
static __always_inline void read_layer(struct record *record, struct inode *inode)
{
	void *upper = 0;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_SUPER_MAGIC)
		return;
	bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode));
	record->flags |= upper ? FLAG_UPPER_LAYER : FLAG_LOWER_LAYER;
}

/* Whether a file system answers by itself: it was mounted by the host, and is on a disk, in memory, or overlay. */
static __always_inline bool is_local(struct super_block *sb)
{
	unsigned long magic = sb->s_magic;

	if (sb->s_user_ns->level != 0)
		return false;
	if (magic == OVERLAYFS_SUPER_MAGIC || magic == TMPFS_MAGIC)
		return true;
	return (sb->s_type->fs_flags & FS_REQUIRES_DEV) && magic != FUSE_SUPER_MAGIC;
}

/* Says which mount is the root of the thread, so that user space can resolve paths as the thread did. */
static __always_inline void read_root(struct record *record, struct task_struct *task)
{
	struct fs_struct *fs = task->fs;
	struct vfsmount *mnt;

	if (!fs)
		return;
	mnt = fs->root.mnt;
	if (is_local(mnt->mnt_sb))
		record->flags |= FLAG_LOCAL_ROOT;
	if (fs->root.dentry == mnt->mnt_root)
		record->root_mount = BPF_CORE_READ(mount_of(mnt), mnt_id);
}

static long walk_kernfs(__u32 i, __u32 *index)
{
	struct scratch *s = scratch_of(*index);
	struct kernfs_node *node, *parent;

	if (!s)
		return 1;
	node = s->walk.node;
	if (bpf_core_field_exists(node->__parent))
		parent = BPF_CORE_READ(node, __parent);
	else
		parent = BPF_CORE_READ((struct kernfs_node___old *)node, parent);
	if (!parent) {
		append_root(s);
		return 1;
	}
	s->walk.node = parent;
	return !append_name(s, BPF_CORE_READ(node, name));
}

/* The names of a cgroup and its parents, leaf first. */
static __always_inline void part_cgroup(struct scratch *s, __u32 index, struct cgroup *cgroup)
{
	__u64 at = part_begin(s);

	s->walk.node = cgroup->kn;
	if (s->walk.node)
		bpf_loop(STEPS_MAX, walk_kernfs, &index, 0);
	part_end(s, at, PART_CGROUP);
}

#endif
