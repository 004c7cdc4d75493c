/* What descriptors stand for: files and sockets, as the kernel has them. */
#ifndef LANNER_DESCRIPTOR_H
#define LANNER_DESCRIPTOR_H

#include "task.h"

#define S_IFMT 0170000
#define S_IFSOCK 0140000

static __always_inline struct file *file_of(struct task_struct *task, __u64 fd)
{
	struct files_struct *files = task->files;
	struct file *file = 0;
	struct fdtable *table;

	if (!files)
		return 0;
	table = files->fdt;
	if (fd < table->max_fds)
		bpf_probe_read_kernel(&file, sizeof(file), &table->fd[fd]);
	return file;
}

static __always_inline void read_inode(struct fd_record *out, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	out->ino = BPF_CORE_READ(inode, i_ino);
	out->mode = BPF_CORE_READ(inode, i_mode);
	out->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	out->magic = BPF_CORE_READ(inode, i_sb, s_magic);
	out->links = BPF_CORE_READ(inode, i_nlink);
}

static __always_inline void part_unix(struct scratch *s, __u16 kind, struct sock *sk)
{
	struct unix_address *address = BPF_CORE_READ((struct unix_sock *)sk, addr);
	__u64 at = part_begin(s);
	__u64 pos = s->used;
	__u64 size;

	bounded(pos);
	size = address ? BPF_CORE_READ(address, len) : 0;
	bounded(size);
	if (pos > PARTS_MAX || size > SOCKADDR_MAX) {
		s->used = at;
		return;
	}
	bpf_probe_read_kernel(&s->parts[pos], size, (void *)address + bpf_core_field_offset(struct unix_address, name));
	s->used = pos + size;
	part_end(s, at, kind);
}

static __always_inline void read_socket(struct scratch *s, struct file *file)
{
	struct fd_record *out = &s->record.fd;
	struct socket *socket;
	struct sock *sk;

	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	out->type = BPF_CORE_READ(socket, type);
	out->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	out->protocol = BPF_CORE_READ(sk, sk_protocol);
	/* An accepted one has it from the one that listens; one that connects never had any. */
	if (BPF_CORE_READ(sk, sk_max_ack_backlog))
		s->record.flags |= FLAG_SERVER;
	if (out->family == 1) {
		struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);

		part_unix(s, PART_UNIX_LOCAL, sk);
		if (peer)
			part_unix(s, PART_UNIX_PEER, peer);
		return;
	}
	out->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	out->peer_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (out->family == 2) {
		__be32 local = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		__be32 peer = BPF_CORE_READ(sk, __sk_common.skc_daddr);

		__builtin_memcpy(out->local, &local, 4);
		__builtin_memcpy(out->peer, &peer, 4);
	} else if (out->family == 10) {
		BPF_CORE_READ_INTO(&out->local, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&out->peer, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	}
}

/* The file or socket that the event's descriptor stands for. */
static __always_inline void part_descriptor(struct scratch *s, struct file *file, struct task_struct *task)
{
	struct record *record = &s->record;

	if (!file)
		return;
	read_inode(&record->fd, file);
	read_layer(record, BPF_CORE_READ(file, f_inode));
	if ((record->fd.mode & S_IFMT) == S_IFSOCK) {
		read_socket(s, file);
		return;
	}
	record->file_mode = BPF_CORE_READ(file, f_mode);
	part_file(s, 0, PART_REAL, file, task);
}

#endif
