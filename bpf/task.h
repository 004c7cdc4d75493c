/* The thread that did it, its cgroup, and paths relative to its root. */
#ifndef LANNER_TASK_H
#define LANNER_TASK_H

#include "common.h"

#define TS_COMPAT 2

/* A number of the innermost pid namespace. */
static __always_inline __s32 innermost(struct pid *pid, __u32 *ns)
{
	struct upid upid;
	unsigned int level = BPF_CORE_READ(pid, level);
	void *at = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	if (bpf_probe_read_kernel(&upid, sizeof(upid), at + level * sizeof(upid)))
		return 0;
	if (ns)
		*ns = BPF_CORE_READ(upid.ns, ns.inum);
	return upid.nr;
}

static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	__u32 index = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	void *at = (void *)set + bpf_core_field_offset(struct css_set, subsys);
	struct cgroup_subsys_state *state = 0;

	if (cgroup_v2)
		return BPF_CORE_READ(set, dfl_cgrp);
	bpf_probe_read_kernel(&state, sizeof(state), at + index * sizeof(state));
	return BPF_CORE_READ(state, cgroup);
}

static __always_inline void read_task(struct task_record *out, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct tty_struct *tty = BPF_CORE_READ(signal, tty);
	struct pid *pgrp = BPF_CORE_READ(signal, pids[PIDTYPE_PGID]);
	struct pid *session = BPF_CORE_READ(signal, pids[PIDTYPE_SID]);
	struct cgroup *cgroup = cgroup_of(task);

	out->pid = BPF_CORE_READ(task, tgid);
	out->tid = BPF_CORE_READ(task, pid);
	out->ppid = BPF_CORE_READ(task, real_parent, tgid);
	out->vtid = innermost(BPF_CORE_READ(task, thread_pid), &out->pid_ns);
	out->vpid = innermost(BPF_CORE_READ(leader, thread_pid), 0);
	out->sid = BPF_CORE_READ(session, numbers[0].nr);
	out->pgid = BPF_CORE_READ(pgrp, numbers[0].nr);
	out->vsid = innermost(session, 0);
	out->vpgid = innermost(pgrp, 0);
	out->tty = 0;
	if (tty) {
		struct tty_driver *driver = BPF_CORE_READ(tty, driver);
		__u32 major = BPF_CORE_READ(driver, major);
		__u32 minor = BPF_CORE_READ(driver, minor_start) + BPF_CORE_READ(tty, index);

		/* The number that stat(2) and /proc give: new_encode_dev(). */
		out->tty = (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
	}
	out->uid = BPF_CORE_READ(cred, uid.val);
	out->euid = BPF_CORE_READ(cred, euid.val);
	out->gid = BPF_CORE_READ(cred, gid.val);
	out->egid = BPF_CORE_READ(cred, egid.val);
	out->loginuid = (__u32)-1;
	if (bpf_core_field_exists(task->loginuid))
		out->loginuid = BPF_CORE_READ(task, loginuid.val);
	out->mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	out->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	out->cgroup = BPF_CORE_READ(cgroup, kn, id);
	out->start = BPF_CORE_READ(leader, start_boottime);
	bpf_probe_read_kernel_str(out->comm, sizeof(out->comm), (void *)task + bpf_core_field_offset(struct task_struct, comm));
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

static long walk_dentry(__u32 i, __u32 *index)
{
	struct scratch *s = scratch_of(*index);
	struct dentry *dentry, *parent;
	struct vfsmount *mnt;

	if (!s)
		return 1;
	dentry = s->walk.dentry;
	mnt = s->walk.mnt;
	if (dentry == s->walk.root && mnt == s->walk.root_mnt)
		return 1;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == parent || dentry == BPF_CORE_READ(mnt, mnt_root)) {
		struct mount *mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount || !above)
			return 1;
		s->walk.dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		s->walk.mnt = (void *)above + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	if (!append_name(s, BPF_CORE_READ(dentry, d_name.name))) {
		s->record.flags |= FLAG_TRUNCATED;
		return 1;
	}
	s->walk.dentry = parent;
	if (i == COMPONENTS_MAX - 1)
		s->record.flags |= FLAG_WALK_ENDED;
	return 0;
}

/* A path as its components, leaf first, up to the root of the thread. The root itself is one empty name. */
static __always_inline void part_path(struct scratch *s, __u32 index, __u16 kind, struct path *path,
				      struct task_struct *task)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	__u64 at = part_begin(s);

	s->walk.dentry = BPF_CORE_READ(path, dentry);
	s->walk.mnt = BPF_CORE_READ(path, mnt);
	if (!s->walk.dentry || !fs) {
		s->used = at;
		return;
	}
	s->walk.root = BPF_CORE_READ(fs, root.dentry);
	s->walk.root_mnt = BPF_CORE_READ(fs, root.mnt);
	bpf_loop(COMPONENTS_MAX, walk_dentry, &index, 0);
	if (s->used == at + sizeof(struct part))
		append_name(s, "");
	part_end(s, at, kind);
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
	if (!parent || !append_name(s, BPF_CORE_READ(node, name)))
		return 1;
	s->walk.node = parent;
	return 0;
}

/* The names of a cgroup and its parents, leaf first. */
static __always_inline void part_cgroup(struct scratch *s, __u32 index, struct cgroup *cgroup)
{
	__u64 at = part_begin(s);

	s->walk.node = BPF_CORE_READ(cgroup, kn);
	if (s->walk.node)
		bpf_loop(COMPONENTS_MAX, walk_kernfs, &index, 0);
	part_end(s, at, PART_CGROUP);
}

#endif
