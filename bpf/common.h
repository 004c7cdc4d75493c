/* What all families use: the ring buffer, the scratch memory a record is made in, and its parts. */
#ifndef LANNER_COMMON_H
#define LANNER_COMMON_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "layout.h"

/* Keeps the compiler from comparing a copy: the verifier must see the bound of the register that is used. */
#define bounded(value) asm volatile("" : "+r"(value))

/* A field that not every kernel has; 0 where there is none. */
#define READ_IF_THERE(from, field) (bpf_core_field_exists((from)->field) ? BPF_CORE_READ(from, field) : 0)

/* Where a walk is: the path is followed from its leaf to the root of the process. */
struct walk {
	struct dentry *dentry;
	struct vfsmount *mnt;
	/* Where it began, and where its part's bytes do. */
	struct dentry *leaf;
	struct vfsmount *leaf_mnt;
	__u64 at;
	/* How often it began. */
	__u64 times;
	/* The root of the mount that the walk is in. */
	struct dentry *mnt_root;
	struct dentry *root;
	struct vfsmount *root_mnt;
	struct kernfs_node *node;
};

/* Bytes that are gathered from where the parts of a vector say. */
struct vector {
	__u64 at;
	__u64 count;
	/* How many more bytes are copied, and how many all parts have. */
	__u64 left;
	__u64 total;
};

/* Descriptors that are listed: an array of struct pollfd, or the first so many; and such that are counted. */
struct listing {
	__u64 at;
	__u64 count;
	__u64 sum;
};

struct scratch {
	struct record record;
	/* The parts, and room for the longest string that a full one may still begin. */
	__u8 parts[PARTS_MAX + STRING_MAX];
	__u64 used;
	struct walk walk;
	struct vector vector;
	struct listing listing;
};

/* One record is made at a time on a processor, as tracepoints run without preemption; the second scratch is
 * for the iterator, which doesn't. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} records SEC(".maps");

/* Records that did not fit, by kind of record; behind those, of syscalls, by kind of event. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RECORD_KINDS + EVENT_KINDS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* Set before the programs are loaded. */
const volatile __u32 own_tgid = 0;
/* Whether containers are told apart by the cgroups of version 2, or by version 1's memory controller. */
const volatile __u32 cgroup_v2 = 0;

/* What there is to send of every event (enum asked). */
const volatile __u32 asked = 0;

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		*value += 1;
}

static __always_inline struct scratch *scratch_of(__u32 index)
{
	return bpf_map_lookup_elem(&scratches, &index);
}

/* Begins a part and says where its head is. */
static __always_inline __u64 part_begin(struct scratch *s)
{
	__u64 at = s->used;

	s->used = at + sizeof(struct part);
	return at;
}

/* Ends a part: writes its head, now that its length is known. An empty part is left out. */
static __always_inline void part_end(struct scratch *s, __u64 at, __u16 kind)
{
	__u64 size = s->used - at - sizeof(struct part);
	struct part *head;

	bounded(at);
	if (size == 0 || at > PARTS_MAX) {
		s->used = at;
		return;
	}
	head = (struct part *)&s->parts[at];
	head->kind = kind;
	head->size = size;
}

/* A string of the program's memory. */
static __always_inline void part_user_string(struct scratch *s, __u16 kind, const void *from)
{
	__u64 at = part_begin(s);
	__u64 pos = s->used;
	long n;

	bounded(pos);
	if (pos > PARTS_MAX)
		return;
	n = bpf_probe_read_user_str(&s->parts[pos], STRING_MAX, from);
	if (n < 0) {
		s->record.flags |= FLAG_FAULT;
		n = 0;
	} else if (n == STRING_MAX) {
		s->record.flags |= FLAG_TRUNCATED;
	}
	s->used = pos + n;
	part_end(s, at, kind);
}

/* A string of the kernel's memory. */
static __always_inline void part_kernel_string(struct scratch *s, __u16 kind, const void *from)
{
	__u64 at = part_begin(s);
	__u64 pos = s->used;
	long n;

	bounded(pos);
	if (pos > PARTS_MAX)
		return;
	n = bpf_probe_read_kernel_str(&s->parts[pos], STRING_MAX, from);
	s->used = pos + (n < 0 ? 0 : n);
	part_end(s, at, kind);
}

/* Bytes of the program's memory. */
static __always_inline void part_user_bytes(struct scratch *s, __u16 kind, const void *from, __u64 size,
					    __u64 max)
{
	__u64 at = part_begin(s);
	__u64 pos = s->used;

	if (size > max)
		size = max;
	bounded(pos);
	if (pos > PARTS_MAX)
		return;
	bounded(size);
	if (size > STRING_MAX)
		return;
	if (bpf_probe_read_user(&s->parts[pos], size, from)) {
		s->record.flags |= FLAG_FAULT;
		size = 0;
	}
	s->used = pos + size;
	part_end(s, at, kind);
}

/* Appends a component's name, unless it is empty; false where there is no more room. */
static __always_inline bool append_name(struct scratch *s, const void *name)
{
	__u64 pos = s->used;
	long n;

	bounded(pos);
	if (pos > PARTS_MAX)
		return false;
	n = bpf_probe_read_kernel_str(&s->parts[pos], NAME_MAX, name);
	if (n > 1)
		s->used = pos + n;
	return n > 0;
}

/* Appends a name that is empty: the root. */
static __always_inline void append_root(struct scratch *s)
{
	__u64 pos = s->used;

	bounded(pos);
	if (pos > PARTS_MAX)
		return;
	s->parts[pos] = 0;
	s->used = pos + 1;
}

/* Sends the record, or counts that it could not be sent. */
static __always_inline void submit(struct scratch *s, __u32 lost_index)
{
	__u64 size = sizeof(struct record) + s->used;
	__u64 *missed;

	if (s->record.flags & FLAG_TRUNCATED)
		count(COUNTER_TRUNCATED);
	if (s->record.flags & FLAG_FAULT)
		count(COUNTER_FAULTS);
	if (s->record.flags & FLAG_RACED)
		count(COUNTER_RACED);
	s->record.size = size;
	bounded(size);
	if (size > sizeof(struct record) + PARTS_MAX + STRING_MAX)
		return;
	if (bpf_ringbuf_output(&records, s, size, BPF_RB_NO_WAKEUP) == 0)
		return;
	missed = bpf_map_lookup_elem(&lost, &lost_index);
	if (missed)
		*missed += 1;
}

#endif
