/* Processes: made, started with a program, ended; and those that were there before. */

static __always_inline void exec_parts(struct scratch *s, __u32 index, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	if (mm) {
		struct file *exe = mm->exe_file;

		s->record.fd.ino = BPF_CORE_READ(exe, f_inode, i_ino);
		s->record.fd.dev = BPF_CORE_READ(exe, f_inode, i_sb, s_dev);
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
	if (bprm->interp != bprm->filename)
		s->record.flags |= FLAG_INTERPRETED;
	part_kernel_string(s, PART_GIVEN_0, bprm->filename);
	start = task->mm->arg_start;
	end = task->mm->arg_end;
	if (end - start > STRING_MAX)
		s->record.flags |= FLAG_TRUNCATED;
	part_user_bytes(s, PART_ARGS, (void *)start, end - start, STRING_MAX);
	exec_parts(s, 0, task);
	submit(s, RECORD_EXEC);
	return 0;
}

/* Only processes: a thread changes nothing that rules read. Lanner's own children are seen like any other. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct scratch *s = scratch_of(0);

	if (!s || child->pid != child->tgid)
		return 0;
	record_begin(s, RECORD_FORK, child);
	s->record.parent = parent->tgid;
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
