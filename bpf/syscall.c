/* Syscalls, as they return. One program sees all of them, those of 32-bit programs too; a table says which are
 * wanted and what there is to send of each. */

#define AT_FDCWD -100
#define PR_SET_NAME 15
#define ROWS (2 * SYSCALLS_MAX + SOCKETCALLS_MAX)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ROWS);
	__type(key, __u32);
	__type(value, struct syscall_row);
} syscalls SEC(".maps");

/* An argument by its number, which is data. */
static __always_inline __u64 argument(struct record *record, __u8 number)
{
	switch (number) {
	case 0:
		return record->args[0];
	case 1:
		return record->args[1];
	case 2:
		return record->args[2];
	case 3:
		return record->args[3];
	case 4:
		return record->args[4];
	default:
		return record->args[5];
	}
}

/* The directory that a relative path is relative to. */
static __always_inline void part_base(struct scratch *s, __u16 kind, __u8 dirfd, struct task_struct *task)
{
	__s32 fd = AT_FDCWD;

	if (dirfd != NO_ARG)
		fd = argument(&s->record, dirfd);
	if (fd == AT_FDCWD)
		part_cwd(s, 0, kind, task);
	else
		part_file(s, 0, kind, file_of(task, (__u32)fd), task);
}

/* A path as it was given, and what it is relative to. */
static __always_inline void part_given(struct scratch *s, __u8 which, struct syscall_row *row,
				       struct task_struct *task)
{
	__u64 at = s->used + sizeof(struct part);

	if (row->path[which] == NO_ARG)
		return;
	part_user_string(s, PART_GIVEN_0 + which, (void *)argument(&s->record, row->path[which]));
	bounded(at);
	/* There is no string where the program has none, or has taken it away again. */
	if (at >= s->used || at > PARTS_MAX || s->parts[at] == '/')
		return;
	part_base(s, PART_BASE_0 + which, row->dirfd[which], task);
}

/* The arguments that 32-bit programs have in memory: those of socketcall(2), and of old calls with one argument. */
static __always_inline void read_packed(struct record *record, struct pt_regs *regs, __u64 number)
{
	__u64 from = packed_at(regs, record->nr);
	__u32 args[6] = { -1 };
	__u64 size = number * sizeof(*args);

	bounded(size);
	if (size > sizeof(args))
		return;
	if (bpf_probe_read_user(args, size, (void *)(from & 0xffffffff))) {
		record->flags |= FLAG_FAULT;
		args[0] = -1;
	}
	for (int i = 0; i < 6; i++)
		record->args[i] = args[i];
}

/* Addresses and numbers as 32-bit programs and others have them: words of 4 or of 8 bytes. */
#define WORDS_MAX 8

static __always_inline bool read_words(struct record *record, __u64 *to, __u32 words, __u64 from)
{
	__u32 narrow[WORDS_MAX];

	if (words > WORDS_MAX)
		return false;
	if (!(record->flags & FLAG_COMPAT))
		return bpf_probe_read_user(to, words * sizeof(*to), (void *)from) == 0;
	if (bpf_probe_read_user(narrow, words * sizeof(*narrow), (void *)from))
		return false;
	for (__u32 i = 0; i < words && i < WORDS_MAX; i++)
		to[i] = narrow[i];
	return true;
}

/* Puts numbers in the place of the arguments that say where they are; 0 where there is none. */
static __always_inline void read_behind(struct record *record, struct syscall_row *row)
{
#pragma unroll
	for (__u32 i = 0; i < 6; i++) {
		void *from = (void *)record->args[i];
		__u32 narrow = 0;

		if (row->behind_wide & (1 << i)) {
			record->args[i] = 0;
			if (from)
				bpf_probe_read_user(&record->args[i], sizeof(__u64), from);
		} else if (row->behind & (1 << i)) {
			if (from)
				bpf_probe_read_user(&narrow, sizeof(narrow), from);
			record->args[i] = narrow;
		}
	}
}

/* One part of a vector: its length is added up, and of its bytes are copied as many as are still wanted. */
static long gather(__u32 i, __u32 *index)
{
	struct scratch *s = scratch_of(*index);
	__u64 words[2], pos, size;

	if (!s || i >= s->vector.count)
		return 1;
	size = s->record.flags & FLAG_COMPAT ? sizeof(__u32) : sizeof(__u64);
	if (!read_words(&s->record, words, 2, s->vector.at + 2 * size * i))
		return 1;
	s->vector.total += words[1];
	size = words[1] < s->vector.left ? words[1] : s->vector.left;
	pos = s->used;
	bounded(pos);
	bounded(size);
	if (!size || size > DATA_MAX || pos > PARTS_MAX)
		return 0;
	if (bpf_probe_read_user(&s->parts[pos], size, (void *)words[0])) {
		s->record.flags |= FLAG_FAULT;
		s->vector.left = 0;
		return 0;
	}
	s->vector.left -= size;
	s->used = pos + size;
	return 0;
}

/* The first bytes of a vector, and how many there are. */
static __always_inline void part_vector(struct scratch *s, __u64 from, __u64 count, __u64 size)
{
	__u32 index = 0;
	__u64 at = part_begin(s);

	s->vector.at = from;
	s->vector.count = count;
	s->vector.left = size;
	s->vector.total = 0;
	bpf_loop(VECTOR_MAX, gather, &index, 0);
	s->record.args[ARG_TOTAL] = s->vector.total;
	part_end(s, at, PART_DATA);
}

/* One string of an array that ends with none. */
static long next_string(__u32 i, __u32 *index)
{
	struct scratch *s = scratch_of(*index);
	__u64 from, pos;
	long n;

	if (!s)
		return 1;
	if (!read_words(&s->record, &from, 1, s->vector.at + i * (s->record.flags & FLAG_COMPAT ? 4 : 8)) || !from)
		return 1;
	pos = s->used;
	bounded(pos);
	if (pos > PARTS_MAX)
		return 1;
	n = bpf_probe_read_user_str(&s->parts[pos], STRING_MAX, (void *)from);
	if (n < 0) {
		s->record.flags |= FLAG_FAULT;
		return 1;
	}
	if (n > s->vector.left) {
		s->used = pos + s->vector.left;
		s->record.flags |= FLAG_TRUNCATED;
		return 1;
	}
	s->used = pos + n;
	s->vector.left -= n;
	return 0;
}

/* An array of strings, a NUL after each: as many as there is room for. */
static __always_inline void part_strings(struct scratch *s, __u16 kind, __u64 from)
{
	__u32 index = 0;
	__u64 at = part_begin(s);

	s->vector.at = from;
	s->vector.left = STRING_MAX;
	bpf_loop(STRING_MAX, next_string, &index, 0);
	part_end(s, at, kind);
}

/* A message: its address, what goes with it, and its bytes. */
static __always_inline void part_message(struct scratch *s, struct syscall_row *row, __u64 from, __u64 size, long ret)
{
	/* Address and length, vector and length, control and length, flags, and of several messages the first's length. */
	__u64 words[WORDS_MAX];

	if (!read_words(&s->record, words, row->what & WHAT_MMSGHDR ? 8 : 7, from))
		return;
	part_user_bytes(s, PART_SOCKADDR, (void *)words[0], (__u32)words[1], SOCKADDR_MAX);
	if (row->what & WHAT_BYTES_OF_SUCCESS)
		part_user_bytes(s, PART_CONTROL, (void *)words[4], words[5], DATA_MAX);
	if ((row->what & WHAT_MMSGHDR) && ret > 0 && (__u32)words[7] < size)
		size = (__u32)words[7];
	part_vector(s, words[2], words[3], size);
}

/* Bytes of the program's: a buffer, of which only the beginning is read, or a structure. */
static __always_inline void part_data(struct scratch *s, struct syscall_row *row, long ret)
{
	struct record *record = &s->record;
	__u64 from = argument(record, row->bytes);
	__u32 flags = record->flags;
	__u64 size = row->size;

	if (ret < 0 && (row->what & WHAT_BYTES_OF_SUCCESS))
		return;
	if (row->length == ARG_RESULT && ret >= 0 && ret < size)
		size = ret;
	else if (row->length < 6 && argument(record, row->length) * row->unit < size)
		size = argument(record, row->length) * row->unit;
	if (!from)
		return;
	if (row->what & WHAT_STRINGS)
		part_strings(s, PART_ARGS, from);
	else if (row->what & WHAT_MSGHDR)
		part_message(s, row, from, size, ret);
	else if (row->what & WHAT_IOVEC)
		part_vector(s, from, argument(record, row->bytes + 1), size);
	else if (size)
		part_user_bytes(s, PART_DATA, (void *)from, size, DATA_MAX);
	if (row->what & WHAT_MAYBE)
		record->flags = flags;
}

/* A second structure, and a second string. */
static __always_inline void part_more(struct scratch *s, struct syscall_row *row, long ret)
{
	struct record *record = &s->record;
	__u32 flags = record->flags;

	if (row->what & WHAT_STRINGS)
		part_strings(s, PART_ENV, argument(record, row->more));
	else if (row->more != NO_ARG && ret >= 0 && argument(record, row->more))
		part_user_bytes(s, PART_MORE, (void *)argument(record, row->more), row->size, DATA_MAX);
	if (row->text != NO_ARG && argument(record, row->text))
		part_user_string(s, PART_TEXT, (void *)argument(record, row->text));
	if (row->what & WHAT_MAYBE)
		record->flags = flags;
}

/* The address of a socket that was passed, or written. */
static __always_inline void part_address(struct scratch *s, struct syscall_row *row, long ret)
{
	struct record *record = &s->record;
	__u64 from = argument(record, row->address);
	__u32 size = argument(record, row->address + 1);

	if (row->what & WHAT_LENGTH_BEHIND) {
		if (ret < 0 || bpf_probe_read_user(&size, sizeof(size), (void *)argument(record, row->address + 1)))
			return;
	}
	if (from && size)
		part_user_bytes(s, PART_SOCKADDR, (void *)from, size, SOCKADDR_MAX);
}

/* How many connections wait for the socket that listens, and how many may. */
static __always_inline void read_queue(struct record *record, struct file *file)
{
	struct socket *socket;
	struct sock *sk;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	record->args[ARG_QUEUE] = BPF_CORE_READ(sk, sk_ack_backlog);
	record->args[ARG_QUEUE_MAX] = BPF_CORE_READ(sk, sk_max_ack_backlog);
}

/* The file of the descriptor whose number the syscall wrote. */
static __always_inline struct file *written_file(struct syscall_row *row, struct record *record,
						 struct task_struct *task)
{
	__s32 fd = -1;

	bpf_probe_read_user(&fd, sizeof(fd), (void *)argument(record, row->bytes));
	return file_of(task, (__u32)fd);
}

static __always_inline void syscall_parts(struct scratch *s, struct syscall_row *row, struct task_struct *task,
					  long ret)
{
	struct record *record = &s->record;

	part_given(s, 0, row, task);
	part_given(s, 1, row, task);
	if (row->string != NO_ARG && (!(row->what & WHAT_SET_NAME) || record->args[0] == PR_SET_NAME))
		part_user_string(s, PART_STRING, (void *)argument(record, row->string));
	if (row->behind | row->behind_wide)
		read_behind(record, row);
	if (row->bytes != NO_ARG)
		part_data(s, row, ret);
	if (row->more != NO_ARG || row->text != NO_ARG)
		part_more(s, row, ret);
	if (row->address != NO_ARG)
		part_address(s, row, ret);
	if (row->what & WHAT_OPEN_HOW)
		/* Flags, mode and resolve take the places of how, its size, and nothing. */
		bpf_probe_read_user(&record->args[2], 24, (void *)record->args[2]);
	if (row->what & WHAT_ROOT)
		read_root(record, task);
	if ((row->what & WHAT_CWD) && ret == 0)
		part_cwd(s, 0, PART_CWD, task);
	if ((row->what & WHAT_QUEUE) && ret >= 0)
		read_queue(record, file_of(task, (__u32)record->args[0]));
	if ((row->what & WHAT_NEW_ROOT) && ret == 0)
		part_root(s, 0, PART_REAL, task);
	if (row->fd == ARG_RESULT)
		part_descriptor(s, ret < 0 ? 0 : file_of(task, ret), task);
	else if (row->fd == ARG_BYTES)
		part_descriptor(s, ret < 0 ? 0 : written_file(row, record, task), task);
	else if (row->fd != NO_ARG)
		part_descriptor(s, file_of(task, (__u32)argument(record, row->fd)), task);
}

/* Which row of the table it is. */
static __always_inline __u32 row_of(struct pt_regs *regs, bool compat)
{
	__u32 nr = number_of(regs);
	__u32 call = socketcall_of(regs);

	if (!compat)
		nr = plain_number(nr);
	if (nr >= SYSCALLS_MAX)
		return ROWS;
	if (!compat)
		return nr;
	if (nr == COMPAT_SOCKETCALL)
		return call < SOCKETCALLS_MAX ? 2 * SYSCALLS_MAX + call : ROWS;
	return SYSCALLS_MAX + nr;
}

/* When a syscall is told of, and by what kind of record; RECORD_KINDS where it isn't. */
static __always_inline __u16 record_of(__u32 what, bool entered)
{
	if (what & WHAT_CALLED)
		return entered ? RECORD_CALLED : RECORD_RETURNED;
	return entered == !!(what & WHAT_ENTER) ? RECORD_SYSCALL : RECORD_KINDS;
}

static __always_inline int told(struct pt_regs *regs, long ret, bool entered)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = is_compat(task);
	__u32 index = row_of(regs, compat);
	struct syscall_row *row = bpf_map_lookup_elem(&syscalls, &index);
	struct scratch *s;
	__u16 kind;

	if (!row || !row->wanted)
		return 0;
	kind = record_of(row->what, entered);
	if (kind == RECORD_KINDS)
		return 0;
	if ((row->what & WHAT_FAILURE_ONLY) && ret >= 0)
		return 0;
	s = scratch_of(0);
	if (!s || is_own())
		return 0;
	record_begin(s, kind, task);
	s->record.nr = number_of(regs);
	/* Of 32 bits: an address may be as high as an errno is low. */
	s->record.res = !compat ? ret : (__u32)ret > (__u32)-4096 ? (__s64)(__s32)ret : (__s64)(__u32)ret;
	s->record.event = row->kind;
	s->record.flags = compat ? FLAG_COMPAT : 0;
	if (row->args)
		read_packed(&s->record, regs, row->args);
	else
		read_registers(s->record.args, regs, compat);
	parts_asked(s, row->what, task);
	if (row->what & WHAT_POLLED)
		part_list(s, PART_POLLED, s->record.args[0], s->record.args[1]);
	if (kind != RECORD_RETURNED)
		syscall_parts(s, row, task, ret);
	submit(s, RECORD_KINDS + (row->kind & (EVENT_KINDS_MAX - 1)));
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	return told(regs, ret, false);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter, struct pt_regs *regs)
{
	return told(regs, 0, true);
}
