/* What is sent besides, where a rule reads it: what a process uses, its first descriptors, its cgroups. */
#ifndef LANNER_ASKED_H
#define LANNER_ASKED_H

#include "descriptor.h"

#define RLIMIT_NOFILE 7
/* What is counted of a process's memory (include/linux/mm_types_task.h). */
enum { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES };

/* Pages of a sort: as the kernel's own get_mm_counter(), the sum without what processors haven't added yet. */
#define PAGES(mm, sort)                                                                      \
	({                                                                                   \
		struct mm_struct___old *old = (void *)(mm);                                  \
		long long pages;                                                             \
		if (bpf_core_field_exists(old->rss_stat.count))                              \
			pages = BPF_CORE_READ(old, rss_stat.count[sort].counter);            \
		else                                                                         \
			pages = BPF_CORE_READ(mm, rss_stat[sort].count);                     \
		pages < 0 ? 0 : pages;                                                       \
	})

/* Counts the open ones of 64 descriptors. */
static long count_open(__u32 i, __u32 *index)
{
	struct scratch *s = scratch_of(*index);
	__u64 bits = 0;

	if (!s || i >= s->listing.count)
		return 1;
	bpf_probe_read_kernel(&bits, sizeof(bits), (void *)s->listing.at + i * sizeof(bits));
	bits -= (bits >> 1) & 0x5555555555555555ULL;
	bits = (bits & 0x3333333333333333ULL) + ((bits >> 2) & 0x3333333333333333ULL);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	s->listing.sum += (bits * 0x0101010101010101ULL) >> 56;
	return 0;
}

static __always_inline __u64 open_descriptors(struct scratch *s, struct task_struct *task)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	__u32 index = 0;

	s->listing.at = (__u64)BPF_CORE_READ(table, open_fds);
	s->listing.count = BPF_CORE_READ(table, max_fds) / 64;
	s->listing.sum = 0;
	bpf_loop(DESCRIPTOR_WORDS_MAX, count_open, &index, 0);
	return s->listing.sum;
}

/* Written where it is sent from, since the stack is small. */
static __always_inline void part_usage(struct scratch *s, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	__u64 open = open_descriptors(s, task);
	__u64 at = part_begin(s);
	__u64 pos = s->used;
	struct usage_record *usage;

	bounded(pos);
	if (pos > PARTS_MAX)
		return;
	usage = (void *)&s->parts[pos];
	usage->descriptors = open;
	usage->descriptors_max = BPF_CORE_READ(signal, rlim[RLIMIT_NOFILE].rlim_cur);
	usage->vm_size = mm ? BPF_CORE_READ(mm, total_vm) : 0;
	usage->vm_rss = mm ? PAGES(mm, MM_FILEPAGES) + PAGES(mm, MM_ANONPAGES) + PAGES(mm, MM_SHMEMPAGES) : 0;
	usage->vm_swap = mm ? PAGES(mm, MM_SWAPENTS) : 0;
	usage->faults_major = BPF_CORE_READ(task, maj_flt);
	usage->faults_minor = BPF_CORE_READ(task, min_flt);
	usage->threads = BPF_CORE_READ(signal, nr_threads);
	s->used = pos + sizeof(*usage);
	part_end(s, at, PART_USAGE);
}

/* What a descriptor stands for, in the place of the event's own. */
static long list_next(__u32 i, __u32 *index)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = scratch_of(*index);
	struct listed_record *listed;
	struct {
		__s32 fd;
		__u16 events, happened;
	} polled = { .fd = i };
	__u64 at, pos;

	if (!s || i >= s->listing.count)
		return 1;
	if (s->listing.at && bpf_probe_read_user(&polled, sizeof(polled), (void *)s->listing.at + i * sizeof(polled)))
		return 1;
	__builtin_memset(&s->record.fd, 0, sizeof(s->record.fd));
	s->record.flags &= ~FLAG_SERVER;
	part_descriptor(s, file_of(task, (__u32)polled.fd), task);
	at = part_begin(s);
	pos = s->used;
	bounded(pos);
	if (pos > PARTS_MAX)
		return 1;
	listed = (void *)&s->parts[pos];
	listed->num = polled.fd;
	listed->events = polled.happened;
	listed->flags = s->record.flags;
	listed->unused = 0;
	listed->fd = s->record.fd;
	s->used = pos + sizeof(*listed);
	part_end(s, at, PART_LISTED);
	return 0;
}

static __always_inline void part_list(struct scratch *s, __u16 kind, __u64 from, __u64 count)
{
	__u32 index = 0, flags = s->record.flags;
	__u64 at = part_begin(s);

	s->listing.at = from;
	s->listing.count = count;
	bpf_loop(POLLED_MAX, list_next, &index, 0);
	part_end(s, at, kind);
	__builtin_memset(&s->record.fd, 0, sizeof(s->record.fd));
	s->record.file_mode = 0;
	s->record.flags = flags;
}

static __always_inline struct kernfs_node *cgroup_in(struct task_struct *task, __u64 number)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *state = 0;

	bpf_probe_read_kernel(&state, sizeof(state),
			      (void *)set + bpf_core_field_offset(struct css_set, subsys) + number * sizeof(state));
	return BPF_CORE_READ(state, cgroup, kn);
}

/* The cgroup in a hierarchy, behind the name of that. */
#define append_cgroup(s, task, hierarchy)                                                                         \
	do {                                                                                                      \
		char name[8] = #hierarchy;                                                                        \
		__u32 index = 0;                                                                                  \
		if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, hierarchy##_cgrp_id))                      \
			break;                                                                                    \
		append_name(s, name);                                                                             \
		s->walk.node = cgroup_in(task, bpf_core_enum_value(enum cgroup_subsys_id, hierarchy##_cgrp_id));  \
		if (s->walk.node)                                                                                 \
			bpf_loop(STEPS_MAX, walk_kernfs, &index, 0);                                              \
	} while (0)

/* In the order of Falco. */
static __always_inline void part_cgroups(struct scratch *s, struct task_struct *task)
{
	__u64 at = part_begin(s);

	append_cgroup(s, task, cpuset);
	append_cgroup(s, task, cpu);
	append_cgroup(s, task, cpuacct);
	append_cgroup(s, task, io);
	append_cgroup(s, task, memory);
	part_end(s, at, PART_CGROUPS);
}

/* All of it, before the event's own descriptor is read. */
static __always_inline void parts_asked(struct scratch *s, __u32 what, struct task_struct *task)
{
	if ((asked & ASKED_USAGE) || (what & WHAT_USAGE))
		part_usage(s, task);
	if (asked & ASKED_STANDARD)
		part_list(s, PART_STANDARD, 0, 3);
	if (asked & ASKED_CGROUPS)
		part_cgroups(s, task);
}

#endif
