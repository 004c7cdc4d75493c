/* Cgroups, so that a container's is known before its first process is. */

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = scratch_of(0);

	if (!s)
		return 0;
	/* Other hierarchies have cgroups of the same numbers. */
	if (cgroup->root != cgroup_of(task)->root)
		return 0;
	record_begin(s, RECORD_CGROUP_MKDIR, task);
	s->record.args[0] = cgroup->kn->id;
	part_kernel_string(s, PART_STRING, path);
	submit(s, RECORD_CGROUP_MKDIR);
	return 0;
}
