/*
 * Requests of io_uring: what a syscall does, done by the kernel when it likes. A request makes two records, joined in
 * user space: one as it is taken, when the paths are still there in the kernel's own copies, and one as it is done.
 */

#define URING_OPS_MAX 64

/* The file is one of the ring's own (REQ_F_FIXED_FILE). */
#define FIXED_FILE 1
/* Any free place among the ring's own files (IORING_FILE_INDEX_ALLOC). */
#define ANY_PLACE 0xffffffff
/* The lowest bits of a pointer to a file say something else. */
#define FILE_BITS 7UL
#define IORING_ACCEPT_MULTISHOT 1
#define IORING_RECV_MULTISHOT (1 << 1)
#define IORING_CQE_F_MORE (1 << 1)
#define SPLICE_FD_IN_FIXED (1U << 31)

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

/* The kernel's copy of a path of a request. */
#define name_in(type, cmd, field)                                                                      \
	(bpf_core_field_exists(((struct type *)(cmd))->field) ?                                        \
		 BPF_CORE_READ((struct type *)(cmd), field) :                                          \
		 BPF_CORE_READ((struct type##___delayed *)(cmd), field.__incomplete_filename))

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

/* A file of the ring's own. */
static __always_inline struct file *file_at(struct io_ring_ctx *ring, __u32 place)
{
	struct io_file_table *table = (void *)ring + bpf_core_field_offset(struct io_ring_ctx, file_table);
	unsigned long file = 0;

	if (bpf_core_field_exists(table->data)) {
		struct io_rsrc_node **nodes = BPF_CORE_READ(table, data.nodes);
		struct io_rsrc_node *node = 0;

		if (place < BPF_CORE_READ(table, data.nr))
			bpf_probe_read_kernel(&node, sizeof(node), &nodes[place]);
		file = BPF_CORE_READ(node, file_ptr);
	} else {
		struct io_fixed_file *files = BPF_CORE_READ((struct io_file_table___old *)table, files);

		bpf_probe_read_kernel(&file, sizeof(file), &files[place]);
	}
	return (struct file *)(file & ~FILE_BITS);
}

/* Says that what is made is put into a place among the ring's own files, where it is. */
static __always_inline void direct(struct record *record, __u32 place)
{
	if (place)
		record->flags |= FLAG_DIRECT;
}

/* Where what is read or written is, how much, and where in the file: as the arguments of a syscall. */
static __always_inline void request_buffer(__u64 *args, __u32 op, void *cmd)
{
	switch (op) {
	case OP_READ:
	case OP_WRITE:
	case OP_READV:
	case OP_WRITEV:
	case OP_READ_FIXED:
	case OP_WRITE_FIXED:
	case OP_READV_FIXED:
	case OP_WRITEV_FIXED:
	case OP_READ_MULTISHOT:
		args[1] = BPF_CORE_READ((struct io_rw *)cmd, addr);
		args[2] = BPF_CORE_READ((struct io_rw *)cmd, len);
		args[3] = BPF_CORE_READ((struct io_rw *)cmd, kiocb.ki_pos);
		return;
	case OP_SEND:
	case OP_SENDMSG:
	case OP_SEND_ZC:
	case OP_SENDMSG_ZC:
	case OP_RECV:
	case OP_RECVMSG:
		args[1] = (__u64)BPF_CORE_READ((struct io_sr_msg *)cmd, buf);
		args[2] = BPF_CORE_READ((struct io_sr_msg *)cmd, len);
	}
}

/* The arguments as the syscall has them, its paths, and the bytes that are written. */
static __always_inline void request_parts(struct scratch *s, struct io_kiocb *req, __u32 op, struct syscall_row *row,
					  struct task_struct *task)
{
	void *cmd = (void *)req + bpf_core_field_offset(struct io_kiocb, cmd);
	struct io_ring_ctx *ring = BPF_CORE_READ(req, ctx);
	__u64 *args = s->record.args;

	switch (op) {
	case OP_OPENAT:
	case OP_OPENAT2: {
		struct io_open *open = cmd;

		direct(&s->record, BPF_CORE_READ(open, file_slot));
		args[0] = BPF_CORE_READ(open, dfd);
		/* The kernel adds it to every request. */
		args[2] = BPF_CORE_READ(open, how.flags) & ~O_LARGEFILE;
		args[3] = BPF_CORE_READ(open, how.mode);
		args[4] = BPF_CORE_READ(open, how.resolve);
		part_name(s, 0, name_in(io_open, cmd, filename), row, task);
		return;
	}
	case OP_RENAMEAT: {
		struct io_rename *rename = cmd;

		args[0] = BPF_CORE_READ(rename, old_dfd);
		args[2] = BPF_CORE_READ(rename, new_dfd);
		args[4] = BPF_CORE_READ(rename, flags);
		part_names(s, name_in(io_rename, cmd, oldpath), name_in(io_rename, cmd, newpath), row, task);
		return;
	}
	case OP_UNLINKAT: {
		struct io_unlink *unlink = cmd;

		args[0] = BPF_CORE_READ(unlink, dfd);
		args[2] = BPF_CORE_READ(unlink, flags);
		part_name(s, 0, name_in(io_unlink, cmd, filename), row, task);
		return;
	}
	case OP_MKDIRAT: {
		struct io_mkdir *mkdir = cmd;

		args[0] = BPF_CORE_READ(mkdir, dfd);
		args[2] = BPF_CORE_READ(mkdir, mode);
		part_name(s, 0, name_in(io_mkdir, cmd, filename), row, task);
		return;
	}
	case OP_SYMLINKAT: {
		struct io_link *link = cmd;
		struct filename *target = name_in(io_link, cmd, oldpath);

		args[1] = BPF_CORE_READ(link, new_dfd);
		part_kernel_string(s, PART_STRING, BPF_CORE_READ(target, name));
		part_name(s, 0, name_in(io_link, cmd, newpath), row, task);
		return;
	}
	case OP_LINKAT: {
		struct io_link *link = cmd;

		args[0] = BPF_CORE_READ(link, old_dfd);
		args[2] = BPF_CORE_READ(link, new_dfd);
		args[4] = BPF_CORE_READ(link, flags);
		part_names(s, name_in(io_link, cmd, oldpath), name_in(io_link, cmd, newpath), row, task);
		return;
	}
	case OP_CLOSE: {
		struct io_close *close = cmd;
		__u32 place = BPF_CORE_READ(close, file_slot);

		args[0] = place ? -1 : BPF_CORE_READ(close, fd);
		part_descriptor(s, place ? file_at(ring, place - 1) : file_of(task, args[0]), task);
		return;
	}
	case OP_SPLICE: {
		struct io_splice *splice = cmd;
		__u32 flags = BPF_CORE_READ(splice, flags);
		__u32 from = BPF_CORE_READ(splice, splice_fd_in);
		bool fixed = flags & SPLICE_FD_IN_FIXED;

		args[2] = args[0];
		args[0] = fixed ? -1 : from;
		args[4] = BPF_CORE_READ(splice, len);
		args[5] = flags & ~SPLICE_FD_IN_FIXED;
		part_descriptor(s, fixed ? file_at(ring, from) : file_of(task, from), task);
		return;
	}
	case OP_ACCEPT:
		direct(&s->record, BPF_CORE_READ((struct io_accept *)cmd, file_slot));
		args[3] = BPF_CORE_READ((struct io_accept *)cmd, flags);
		return;
	case OP_SOCKET: {
		struct io_socket *socket = cmd;

		direct(&s->record, BPF_CORE_READ(socket, file_slot));
		args[0] = BPF_CORE_READ(socket, domain);
		args[1] = BPF_CORE_READ(socket, type);
		args[2] = BPF_CORE_READ(socket, protocol);
		return;
	}
	case OP_SHUTDOWN:
		args[1] = BPF_CORE_READ((struct io_shutdown *)cmd, how);
		return;
	case OP_EPOLL_CTL:
		args[0] = BPF_CORE_READ((struct io_epoll *)cmd, epfd);
		return;
	case OP_PIPE:
		args[0] = (__u64)READ_IF_THERE((struct io_pipe *)cmd, fds);
		args[1] = READ_IF_THERE((struct io_pipe *)cmd, flags);
		return;
	case OP_LISTEN:
		args[1] = READ_IF_THERE((struct io_listen *)cmd, backlog);
		return;
	default:
		request_buffer(args, op, cmd);
		/* How many of the bytes are written isn't known yet, and none is read. */
		if (row->bytes != NO_ARG)
			part_data(s, row, -1);
	}
}

/* Whether its file is one of the ring's own, which has no number. */
static __always_inline bool is_fixed(struct io_kiocb *req)
{
	if (bpf_core_field_size(req->flags) == sizeof(__u32))
		return BPF_CORE_READ((struct io_kiocb___old *)req, flags) & FIXED_FILE;
	return BPF_CORE_READ(req, flags) & FIXED_FILE;
}

/* Whether it may be done several times: each time but the last is told of without the request. */
static __always_inline bool is_several(struct io_kiocb *req, __u32 op)
{
	void *cmd = (void *)req + bpf_core_field_offset(struct io_kiocb, cmd);

	switch (op) {
	case OP_ACCEPT:
		/* Before 6.10 it isn't said there, and each may be. */
		return !bpf_core_field_exists(((struct io_accept *)cmd)->iou_flags) ||
		       BPF_CORE_READ((struct io_accept *)cmd, iou_flags) & IORING_ACCEPT_MULTISHOT;
	case OP_RECV:
	case OP_RECVMSG:
		return BPF_CORE_READ((struct io_sr_msg *)cmd, flags) & IORING_RECV_MULTISHOT;
	case OP_READ_MULTISHOT:
	case OP_RECV_ZC:
		return true;
	}
	return false;
}

/* What tells it apart then, and its file, as far as it is known now. */
static __always_inline void part_several(struct scratch *s, struct io_kiocb *req, struct syscall_row *row,
					 struct task_struct *task)
{
	struct several_record several = {
		.ring = (__u64)BPF_CORE_READ(req, ctx),
		.user_data = BPF_CORE_READ(req, cqe.user_data),
	};
	__u64 at = part_begin(s);
	__u64 pos = s->used;
	__u32 number = BPF_CORE_READ(req, cqe.fd);

	bounded(pos);
	if (pos > PARTS_MAX)
		return;
	__builtin_memcpy(&s->parts[pos], &several, sizeof(several));
	s->used = pos + sizeof(several);
	part_end(s, at, PART_SEVERAL);
	if (row->fd != ARG_RESULT)
		part_descriptor(s, is_fixed(req) ? file_at((void *)several.ring, number) : file_of(task, number), task);
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
	if (row->fd != NO_ARG && row->fd != ARG_RESULT && row->fd != ARG_BYTES)
		s->record.args[0] = is_fixed(req) ? -1 : BPF_CORE_READ(req, cqe.fd);
	request_parts(s, req, op, row, task);
	if (is_several(req, op))
		part_several(s, req, row, task);
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

/* The file that a request made, or was about. */
static __always_inline struct file *file_done(struct io_kiocb *req, __u32 op, struct syscall_row *row, __s32 ret,
					      struct task_struct *task)
{
	void *cmd = (void *)req + bpf_core_field_offset(struct io_kiocb, cmd);
	__u32 place = 0;
	__s32 *fds, fd = -1;

	if (row->fd == ARG_RESULT) {
		if (ret < 0)
			return 0;
		if (op == OP_OPENAT || op == OP_OPENAT2)
			place = BPF_CORE_READ((struct io_open *)cmd, file_slot);
		else if (op == OP_ACCEPT)
			place = BPF_CORE_READ((struct io_accept *)cmd, file_slot);
		else if (op == OP_SOCKET)
			place = BPF_CORE_READ((struct io_socket *)cmd, file_slot);
		if (place)
			return file_at(BPF_CORE_READ(req, ctx), place == ANY_PLACE ? ret : place - 1);
		return file_of(task, ret);
	}
	if (row->fd == ARG_BYTES) {
		fds = READ_IF_THERE((struct io_pipe *)cmd, fds);
		bpf_probe_read_user(&fd, sizeof(fd), fds);
		return ret < 0 ? 0 : file_of(task, (__u32)fd);
	}
	/* What is closed or read from was told of as the request was taken. */
	if (row->fd == NO_ARG || op == OP_CLOSE || op == OP_SPLICE)
		return 0;
	return BPF_CORE_READ(req, file);
}

/* What was read. Whoever completes a request has the memory of the program that made it. */
static __always_inline void part_received(struct scratch *s, struct io_kiocb *req, __u32 op, struct syscall_row *row,
					  __s32 ret)
{
	if (row->bytes == NO_ARG || !(row->what & WHAT_BYTES_OF_SUCCESS))
		return;
	if (op == OP_PIPE)
		s->record.args[0] = (__u64)READ_IF_THERE(
			(struct io_pipe *)((void *)req + bpf_core_field_offset(struct io_kiocb, cmd)), fds);
	else
		request_buffer(s->record.args, op, (void *)req + bpf_core_field_offset(struct io_kiocb, cmd));
	part_data(s, row, ret);
}

/* A request that is done once more, and not for the last time: the kernel doesn't say which, but whose. */
static __always_inline int done_again(struct io_ring_ctx *ring, __u64 user_data, __s32 res, __u32 flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s;

	if (!(flags & IORING_CQE_F_MORE))
		return 0;
	s = scratch_of(0);
	if (!s || is_own())
		return 0;
	record_begin(s, RECORD_REQUEST_DONE, task);
	s->record.res = res;
	s->record.args[1] = (__u64)ring;
	s->record.args[2] = user_data;
	parts_asked(s, 0, task);
	/* Where the result is no descriptor, user space takes no notice. */
	if (s->record.res >= 0)
		part_descriptor(s, file_of(task, s->record.res), task);
	submit(s, RECORD_REQUEST_DONE);
	return 0;
}

/* A request that is done. */
static __always_inline int done(struct io_kiocb *req)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct syscall_row *row;
	struct scratch *s;
	__u64 request = (__u64)req;
	__s32 ret;
	__u32 op;

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
	s->record.res = ret;
	parts_asked(s, row->what, task);
	part_descriptor(s, file_done(req, op, row, ret, task), task);
	if ((row->what & WHAT_QUEUE) && ret >= 0)
		read_queue(&s->record, BPF_CORE_READ(req, file));
	part_received(s, req, op, row, ret);
	s->record.args[0] = request;
	submit(s, RECORD_KINDS + (row->kind & (EVENT_KINDS_MAX - 1)));
	return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(io_uring_complete, struct io_ring_ctx *ring, struct io_kiocb *req, struct io_uring_cqe *cqe)
{
	if (req)
		return done(req);
	return done_again(ring, BPF_CORE_READ(cqe, user_data), BPF_CORE_READ(cqe, res), BPF_CORE_READ(cqe, flags));
}

/* The same where what came of it is passed by value, as it was for long; a kernel that doesn't do so refuses it. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(io_uring_complete_values, struct io_ring_ctx *ring, struct io_kiocb *req, __u64 user_data, int res,
	     unsigned int flags)
{
	if (req)
		return done(req);
	return done_again(ring, user_data, res, flags);
}
