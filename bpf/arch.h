/*
 * What differs from machine to machine: in which registers a syscall's number and arguments are, and how 32-bit
 * programs are told.
 */
#ifndef LANNER_ARCH_H
#define LANNER_ARCH_H

#include "common.h"

#if defined(__TARGET_ARCH_x86)

/* How the kernel marks the syscalls of 32-bit programs, and how programs those of the x32 ABI. */
#define TS_COMPAT 2
#define X32_BIT 0x40000000
/* One syscall of 32-bit programs for all that sockets do. */
#define COMPAT_SOCKETCALL 102
/* A flag of open(2): the file may be longer than 2 GB. */
#define O_LARGEFILE 0100000

struct pt_regs {
	unsigned long r10, r9, r8, ax, cx, dx, si, di, bp, bx, orig_ax;
} __attribute__((preserve_access_index));

static __always_inline bool is_compat(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}

static __always_inline __u32 number_of(struct pt_regs *regs)
{
	return regs->orig_ax;
}

/* The calls of the x32 ABI have the numbers of the others. */
static __always_inline __u32 plain_number(__u32 nr)
{
	return nr & ~X32_BIT;
}

/* Which of the calls of socketcall(2) it is. */
static __always_inline __u32 socketcall_of(struct pt_regs *regs)
{
	return regs->bx;
}

/* Where the arguments are that a 32-bit program has in memory. */
static __always_inline __u64 packed_at(struct pt_regs *regs, __u32 nr)
{
	return nr == COMPAT_SOCKETCALL ? regs->cx : regs->bx;
}

static __always_inline void read_registers(__u64 *args, struct pt_regs *regs, bool compat)
{
	if (compat) {
		args[0] = (__u32)regs->bx;
		args[1] = (__u32)regs->cx;
		args[2] = (__u32)regs->dx;
		args[3] = (__u32)regs->si;
		args[4] = (__u32)regs->di;
		args[5] = (__u32)regs->bp;
		return;
	}
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
}

#elif defined(__TARGET_ARCH_arm64)
/* See above. */
#define O_LARGEFILE 0400000

/* How the kernel marks 32-bit programs (TIF_32BIT). */
#define TIF_32BIT (1UL << 22)
/* There is none. */
#define COMPAT_SOCKETCALL 0xffffffff

struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
} __attribute__((preserve_access_index));

static __always_inline bool is_compat(struct task_struct *task)
{
	return task->thread_info.flags & TIF_32BIT;
}

static __always_inline __u32 number_of(struct pt_regs *regs)
{
	return regs->syscallno;
}

static __always_inline __u32 plain_number(__u32 nr)
{
	return nr;
}

static __always_inline __u32 socketcall_of(struct pt_regs *regs)
{
	return SOCKETCALLS_MAX;
}

static __always_inline __u64 packed_at(struct pt_regs *regs, __u32 nr)
{
	return regs->orig_x0;
}

/* The result takes the place of the first. 32-bit programs have theirs in the same registers, and no more of them. */
static __always_inline void read_registers(__u64 *args, struct pt_regs *regs, bool compat)
{
	__u64 mask = compat ? 0xffffffff : ~0ULL;

	args[0] = regs->orig_x0 & mask;
	args[1] = regs->regs[1] & mask;
	args[2] = regs->regs[2] & mask;
	args[3] = regs->regs[3] & mask;
	args[4] = regs->regs[4] & mask;
	args[5] = regs->regs[5] & mask;
}

#else
#error "the registers of this machine aren't known"
#endif

#endif
