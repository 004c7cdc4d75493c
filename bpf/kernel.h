/*
 * The few kernel types that the programs read, with the few fields they read of each. CO-RE relocates every
 * access to where the running kernel has the field, so order and size here mean nothing.
 */
#ifndef LANNER_KERNEL_H
#define LANNER_KERNEL_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define true 1
#define false 0

enum { BPF_ANY = 0 };
enum {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};
struct mnt_namespace {
	struct ns_common ns;
};
struct pid_namespace {
	struct ns_common ns;
};
struct net {
	struct ns_common ns;
};
struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct upid numbers[1];
};
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };

struct tty_driver {
	int major, minor_start;
};
struct tty_struct {
	struct tty_driver *driver;
	int index;
};
struct signal_struct {
	struct pid *pids[4];
	struct tty_struct *tty;
	struct {
		int counter;
	} live;
	int group_exit_code, nr_threads;
	struct {
		unsigned long rlim_cur;
	} rlim[16];
};

typedef struct {
	unsigned int val;
} kuid_t;
typedef struct {
	unsigned int val;
} kgid_t;
/* Before 6.3 two numbers of 32 bits, the lower first: the same bytes. */
typedef struct {
	__u64 val;
} kernel_cap_t;
struct cred {
	kuid_t uid, euid;
	kgid_t gid, egid;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective;
};

struct qstr {
	__u32 len;
	const unsigned char *name;
};
struct user_namespace {
	int level;
};
struct file_system_type {
	int fs_flags;
};
struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
	struct file_system_type *s_type;
	struct user_namespace *s_user_ns;
};
struct timespec64 {
	long long tv_sec;
	long tv_nsec;
};
struct inode {
	unsigned short i_mode;
	unsigned int i_nlink;
	kuid_t i_uid;
	kgid_t i_gid;
	/* From 6.11 on. */
	long long i_ctime_sec, i_mtime_sec;
	__u32 i_ctime_nsec, i_mtime_nsec;
	unsigned long i_ino;
	struct super_block *i_sb;
};
/* Before 6.7, and in one version between both. */
struct inode___old {
	struct timespec64 i_ctime, i_mtime;
};
struct inode___between {
	struct timespec64 __i_ctime, __i_mtime;
};
struct seqcount {
	unsigned int sequence;
};
struct seqcount_spinlock {
	struct seqcount seqcount;
};
struct dentry {
	struct seqcount_spinlock d_seq;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};
struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	int mnt_id;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	unsigned int f_mode;
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *open_fds;
};
struct files_struct {
	struct fdtable *fdt;
};
struct fs_struct {
	struct path root, pwd;
};
struct percpu_counter {
	long long count;
};
struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start, arg_end, env_start, env_end, total_vm;
	struct percpu_counter rss_stat[4];
};
/* Before 6.2. */
struct mm_rss_stat {
	struct {
		long counter;
	} count[4];
};
struct mm_struct___old {
	struct mm_rss_stat rss_stat;
};

struct kernfs_node {
	const char *name;
	__u64 id;
	struct kernfs_node *__parent;
};
/* Before 6.15 the parent had another name. */
struct kernfs_node___old {
	struct kernfs_node *parent;
};
struct cgroup_root;
struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
};
/* Which there are, and their numbers, depends on the kernel. */
enum cgroup_subsys_id { cpuset_cgrp_id, cpu_cgrp_id, cpuacct_cgrp_id, io_cgrp_id, memory_cgrp_id };
struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};

struct thread_info {
	/* Which of them says that a program has 32 bits depends on the machine. */
	__u32 status;
	unsigned long flags;
};
struct task_struct {
	struct thread_info thread_info;
	int pid, tgid, exit_code;
	struct task_struct *real_parent, *group_leader;
	struct signal_struct *signal;
	const struct cred *cred;
	kuid_t loginuid;
	struct nsproxy *nsproxy;
	struct pid *thread_pid;
	struct css_set *cgroups;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	__u64 start_boottime;
	unsigned int flags;
	unsigned long min_flt, maj_flt;
	char comm[16];
};

struct linux_binprm {
	const char *filename, *interp, *fdpath;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};
struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
	__u16 sk_type, sk_protocol;
	__u32 sk_ack_backlog, sk_max_ack_backlog;
};
struct socket {
	short type;
	struct sock *sk;
};
struct sockaddr_un {
	unsigned short sun_family;
};
struct unix_address {
	int len;
	struct sockaddr_un name[1];
};
struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct filename {
	const char *name;
};
struct open_how {
	__u64 flags, mode, resolve;
};
struct io_cmd_data {
	struct file *file;
};
struct io_cqe {
	__u64 user_data;
	__s32 res;
	int fd;
};
struct io_rsrc_node {
	unsigned long file_ptr;
};
struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
};
/* Before 6.13 the table had the files themselves. */
struct io_fixed_file {
	unsigned long file_ptr;
};
struct io_file_table___old {
	struct io_fixed_file *files;
};
struct io_file_table {
	struct io_rsrc_data data;
};
struct io_ring_ctx {
	struct io_file_table file_table;
};
struct io_uring_cqe {
	__u64 user_data;
	__s32 res;
	__u32 flags;
};
struct io_kiocb {
	struct file *file;
	struct io_cmd_data cmd;
	__u8 opcode;
	__u64 flags;
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
};
/* Before 6.10. */
struct io_kiocb___old {
	unsigned int flags;
};
struct kiocb {
	long long ki_pos;
};
struct io_rw {
	struct kiocb kiocb;
	__u64 addr;
	__u32 len;
};
struct io_close {
	int fd;
	__u32 file_slot;
};
struct io_splice {
	__u64 len;
	int splice_fd_in;
	unsigned int flags;
};
/* Since 7.0 it is this that requests hold, in the place of a pointer. */
struct delayed_filename {
	struct filename *__incomplete_filename;
};
struct io_open {
	int dfd;
	__u32 file_slot;
	struct filename *filename;
	struct open_how how;
};
struct io_open___delayed {
	struct delayed_filename filename;
};
struct io_rename {
	int old_dfd, new_dfd, flags;
	struct filename *oldpath, *newpath;
};
struct io_rename___delayed {
	struct delayed_filename oldpath, newpath;
};
struct io_unlink {
	int dfd, flags;
	struct filename *filename;
};
struct io_unlink___delayed {
	struct delayed_filename filename;
};
struct io_mkdir {
	int dfd;
	unsigned short mode;
	struct filename *filename;
};
struct io_mkdir___delayed {
	struct delayed_filename filename;
};
struct io_link {
	int old_dfd, new_dfd, flags;
	struct filename *oldpath, *newpath;
};
struct io_link___delayed {
	struct delayed_filename oldpath, newpath;
};
struct io_accept {
	int flags, iou_flags;
	__u32 file_slot;
};
struct io_sr_msg {
	/* Or the struct msghdr. */
	void *buf;
	int len;
	/* IORING_RECVSEND_* and their like. */
	__u16 flags;
};
struct io_socket {
	int domain, type, protocol;
	__u32 file_slot;
};
struct io_listen {
	int backlog;
};
struct io_epoll {
	int epfd;
};
struct io_pipe {
	int *fds;
	int flags;
};

struct io_shutdown {
	int how;
};

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop
#endif
