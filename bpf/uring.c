/*
 * Requests of io_uring: what a syscall does, done by the kernel when it likes. A request makes two records, joined in
 * user space: one as it is taken, when the paths are still there in the kernel's own copies, and one as it is done.
 */

#define URING_OPS_MAX 64
#define O_LARGEFILE 0100000

enum uring_op {
	OP_SENDMSG = 9,
	OP_RECVMSG = 10,
	OP_ACCEPT = 13,
	OP_CONNECT = 16,
	OP_OPENAT = 18,
	OP_SEND = 26,
	OP_RECV = 27,
	OP_OPENAT2 = 28,
	OP_SHUTDOWN = 34,
	OP_RENAMEAT = 35,
	OP_UNLINKAT = 36,
	OP_MKDIRAT = 37,
	OP_SYMLINKAT = 38,
	OP_LINKAT = 39,
	OP_SOCKET = 45,
	OP_BIND = 56,
	OP_LISTEN = 57,
};

/* The rows of the syscalls that requests are like, by the request's operation. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, URING_OPS_MAX);
	__type(key, __u32);
	__type(value, struct syscall_row);
} requests SEC(".maps");

static __always_inline struct syscall_row *request_row(__u32 op)
{
	struct syscall_row *row = bpf_map_lookup_elem(&requests, &op);

	return row && row->wanted ? row : 0;
}

/* A path of a request: the kernel has copied it. */
static __always_inline void part_name(struct scratch *s, __u16 which, struct filename *name, struct syscall_row *row,
				      struct task_struct *task)
{
	part_kernel_string(s, PART_GIVEN_0 + which, BPF_CORE_READ(name, name));
	part_base(s, PART_BASE_0 + which, row->dirfd[which], task);
}

static __always_inline void part_names(struct scratch *s, struct filename *first, struct filename *second,
				       struct syscall_row *row, struct task_struct *task)
{
	part_name(s, 0, first, row, task);
	part_name(s, 1, second, row, task);
}

/* The arguments as the syscall has them, and its paths. */
static __always_inline void request_parts(struct scratch *s, __u32 op, void *cmd, struct syscall_row *row,
					  struct task_struct *task)
{
	__u64 *args = s->record.args;

	switch (op) {
	case OP_OPENAT:
	case OP_OPENAT2: {
		struct io_open *open = cmd;

		args[0] = BPF_CORE_READ(open, dfd);
		/* The kernel adds it to every request. */
		args[2] = BPF_CORE_READ(open, how.flags) & ~O_LARGEFILE;
		args[3] = BPF_CORE_READ(open, how.mode);
		args[4] = BPF_CORE_READ(open, how.resolve);
		part_name(s, 0, BPF_CORE_READ(open, filename), row, task);
		return;
	}
	case OP_RENAMEAT: {
		struct io_rename *rename = cmd;

		args[0] = BPF_CORE_READ(rename, old_dfd);
		args[2] = BPF_CORE_READ(rename, new_dfd);
		args[4] = BPF_CORE_READ(rename, flags);
		part_names(s, BPF_CORE_READ(rename, oldpath), BPF_CORE_READ(rename, newpath), row, task);
		return;
	}
	case OP_UNLINKAT: {
		struct io_unlink *unlink = cmd;

		args[0] = BPF_CORE_READ(unlink, dfd);
		args[2] = BPF_CORE_READ(unlink, flags);
		part_name(s, 0, BPF_CORE_READ(unlink, filename), row, task);
		return;
	}
	case OP_MKDIRAT: {
		struct io_mkdir *mkdir = cmd;

		args[0] = BPF_CORE_READ(mkdir, dfd);
		args[2] = BPF_CORE_READ(mkdir, mode);
		part_name(s, 0, BPF_CORE_READ(mkdir, filename), row, task);
		return;
	}
	case OP_SYMLINKAT: {
		struct io_link *link = cmd;

		args[1] = BPF_CORE_READ(link, new_dfd);
		part_kernel_string(s, PART_STRING, BPF_CORE_READ(link, oldpath, name));
		part_name(s, 0, BPF_CORE_READ(link, newpath), row, task);
		return;
	}
	case OP_LINKAT: {
		struct io_link *link = cmd;

		args[0] = BPF_CORE_READ(link, old_dfd);
		args[2] = BPF_CORE_READ(link, new_dfd);
		args[4] = BPF_CORE_READ(link, flags);
		part_names(s, BPF_CORE_READ(link, oldpath), BPF_CORE_READ(link, newpath), row, task);
		return;
	}
	case OP_ACCEPT:
		args[3] = BPF_CORE_READ((struct io_accept *)cmd, flags);
		return;
	case OP_SEND:
	case OP_SENDMSG:
		args[1] = (__u64)BPF_CORE_READ((struct io_sr_msg *)cmd, buf);
		args[2] = BPF_CORE_READ((struct io_sr_msg *)cmd, len);
		/* How many of the bytes are sent isn't known yet. */
		part_data(s, row, -1);
		return;
	case OP_RECV:
		args[2] = BPF_CORE_READ((struct io_sr_msg *)cmd, len);
		return;
	case OP_SOCKET: {
		struct io_socket *socket = cmd;

		args[0] = BPF_CORE_READ(socket, domain);
		args[1] = BPF_CORE_READ(socket, type);
		args[2] = BPF_CORE_READ(socket, protocol);
		return;
	}
	case OP_SHUTDOWN:
		args[1] = BPF_CORE_READ((struct io_shutdown *)cmd, how);
		return;
	case OP_LISTEN:
		args[1] = BPF_CORE_READ((struct io_listen *)cmd, backlog);
		return;
	}
}

/* A request that the kernel has taken. */
static __always_inline int taken(struct io_kiocb *req)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 op = BPF_CORE_READ(req, opcode);
	struct syscall_row *row = request_row(op);
	struct scratch *s;

	if (!row)
		return 0;
	s = scratch_of(0);
	if (!s || is_own())
		return 0;
	record_begin(s, RECORD_REQUEST, task);
	s->record.nr = op;
	s->record.event = row->kind;
	s->record.res = (__u64)req;
	if (row->fd != NO_ARG && row->fd != ARG_RESULT)
		s->record.args[0] = BPF_CORE_READ(req, cqe.fd);
	request_parts(s, op, (void *)req + bpf_core_field_offset(struct io_kiocb, cmd), row, task);
	if (row->what & WHAT_ROOT)
		read_root(&s->record, task);
	submit(s, RECORD_KINDS + (row->kind & (EVENT_KINDS_MAX - 1)));
	return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(io_uring_submit_req, struct io_kiocb *req)
{
	return taken(req);
}

/* The same, before 6.3. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(io_uring_submit_sqe, struct io_kiocb *req)
{
	return taken(req);
}

/* What was received. Whoever completes a request has the memory of the program that made it. */
static __always_inline void part_received(struct scratch *s, __u32 op, void *cmd, struct syscall_row *row, __s32 ret)
{
	if (op != OP_RECV && op != OP_RECVMSG)
		return;
	s->record.args[1] = (__u64)BPF_CORE_READ((struct io_sr_msg *)cmd, buf);
	part_data(s, row, ret);
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(io_uring_complete, void *ring, struct io_kiocb *req)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct syscall_row *row;
	struct file *file = 0;
	struct scratch *s;
	__s32 ret;
	__u32 op;

	if (!req)
		return 0;
	op = BPF_CORE_READ(req, opcode);
	row = request_row(op);
	if (!row)
		return 0;
	s = scratch_of(0);
	if (!s || is_own())
		return 0;
	ret = BPF_CORE_READ(req, cqe.res);
	record_begin(s, RECORD_REQUEST_DONE, task);
	s->record.event = row->kind;
	s->record.args[0] = (__u64)req;
	s->record.res = ret;
	if (row->fd == ARG_RESULT && ret >= 0)
		file = file_of(task, ret);
	else if (row->fd != NO_ARG && row->fd != ARG_RESULT)
		file = BPF_CORE_READ(req, file);
	part_descriptor(s, file, task);
	if ((row->what & WHAT_QUEUE) && ret >= 0)
		read_queue(&s->record, BPF_CORE_READ(req, file));
	part_received(s, op, (void *)req + bpf_core_field_offset(struct io_kiocb, cmd), row, ret);
	submit(s, RECORD_KINDS + (row->kind & (EVENT_KINDS_MAX - 1)));
	return 0;
}
