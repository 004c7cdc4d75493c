/* Processes: made, started with a program, ended; and those that were there before. */

static __always_inline __u64 nanoseconds(struct timespec64 time)
{
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* When a file was changed last, and its content. */
static __always_inline void read_times(struct exe_record *out, struct inode *inode)
{
	struct inode___between *between = (void *)inode;
	struct inode___old *old = (void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec)) {
		out->ctime = BPF_CORE_READ(inode, i_ctime_sec) * 1000000000ULL + BPF_CORE_READ(inode, i_ctime_nsec);
		out->mtime = BPF_CORE_READ(inode, i_mtime_sec) * 1000000000ULL + BPF_CORE_READ(inode, i_mtime_nsec);
		return;
	}
	if (bpf_core_field_exists(between->__i_ctime))
		out->ctime = nanoseconds(BPF_CORE_READ(between, __i_ctime));
	else
		out->ctime = nanoseconds(BPF_CORE_READ(old, i_ctime));
	if (bpf_core_field_exists(between->__i_mtime))
		out->mtime = nanoseconds(BPF_CORE_READ(between, __i_mtime));
	else
		out->mtime = nanoseconds(BPF_CORE_READ(old, i_mtime));
}

static __always_inline void part_exe_file(struct scratch *s, struct inode *inode)
{
	struct exe_record exe = {};
	__u64 at = part_begin(s);
	__u64 pos = s->used;

	bounded(pos);
	if (pos > PARTS_MAX)
		return;
	read_times(&exe, inode);
	exe.uid = BPF_CORE_READ(inode, i_uid.val);
	exe.gid = BPF_CORE_READ(inode, i_gid.val);
	exe.mode = BPF_CORE_READ(inode, i_mode);
	exe.links = BPF_CORE_READ(inode, i_nlink);
	__builtin_memcpy(&s->parts[pos], &exe, sizeof(exe));
	s->used = pos + sizeof(exe);
	part_end(s, at, PART_EXE_FILE);
}

static __always_inline void exec_parts(struct scratch *s, __u32 index, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	if (mm) {
		struct file *exe = mm->exe_file;

		s->record.fd.ino = BPF_CORE_READ(exe, f_inode, i_ino);
		s->record.fd.dev = BPF_CORE_READ(exe, f_inode, i_sb, s_dev);
		read_layer(&s->record, BPF_CORE_READ(exe, f_inode));
		part_file(s, index, PART_EXE, exe, task);
	}
	part_cwd(s, index, PART_CWD, task);
	part_cgroup(s, index, cgroup_of(task));
	read_root(&s->record, task);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct scratch *s = scratch_of(0);
	unsigned long start, end;

	if (!s || is_own())
		return 0;
	record_begin(s, RECORD_EXEC, task);
	if (bpf_core_field_exists(bprm->fdpath) && bprm->fdpath)
		s->record.flags |= FLAG_BY_DESCRIPTOR;
	parts_asked(s, asked & ASKED_USAGE_AT_START ? WHAT_USAGE : 0, task);
	if (bprm->interp != bprm->filename)
		s->record.flags |= FLAG_INTERPRETED;
	part_kernel_string(s, PART_GIVEN_0, bprm->filename);
	start = task->mm->arg_start;
	end = task->mm->arg_end;
	if (end - start > STRING_MAX)
		s->record.flags |= FLAG_TRUNCATED;
	part_user_bytes(s, PART_ARGS, (void *)start, end - start, STRING_MAX);
	start = task->mm->env_start;
	end = task->mm->env_end;
	part_user_bytes(s, PART_ENV, (void *)start, end - start, STRING_MAX);
	part_exe_file(s, task->mm->exe_file->f_inode);
	exec_parts(s, 0, task);
	submit(s, RECORD_EXEC);
	return 0;
}

/*
 * Only processes: a thread changes nothing that rules read. Lanner's own children are seen like any other. This is
 * where the kernel says with which flags; a little later it would only say whose child it is.
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(task_newtask, struct task_struct *child, unsigned long flags)
{
	struct task_struct *parent = bpf_get_current_task_btf();
	struct scratch *s = scratch_of(0);

	if (!s || child->pid != child->tgid)
		return 0;
	record_begin(s, RECORD_FORK, child);
	s->record.parent = parent->tgid;
	s->record.args[0] = flags;
	parts_asked(s, asked & ASKED_USAGE_AT_START ? WHAT_USAGE : 0, child);
	part_cgroup(s, 0, cgroup_of(child));
	submit(s, RECORD_FORK);
	return 0;
}

/* Only the last thread of a process: then the process has ended. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *task)
{
	struct scratch *s = scratch_of(0);
	int code;

	if (!s || is_own() || task->signal->live.counter != 0)
		return 0;
	record_begin(s, RECORD_EXIT, task);
	parts_asked(s, 0, task);
	code = task->signal->group_exit_code;
	s->record.exit = code ? code : task->exit_code;
	submit(s, RECORD_EXIT);
	return 0;
}

SEC("iter/task")
int processes(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct scratch *s = scratch_of(1);
	__u64 size;

	if (!s || !task || task->pid != task->tgid)
		return 0;
	record_begin(s, RECORD_PROCESS, task);
	exec_parts(s, 1, task);
	size = sizeof(struct record) + s->used;
	s->record.size = size;
	bounded(size);
	if (size > sizeof(struct record) + PARTS_MAX + STRING_MAX)
		return 0;
	bpf_seq_write(ctx->meta->seq, s, size);
	return 0;
}
