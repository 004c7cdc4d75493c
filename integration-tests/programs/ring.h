/* A ring of io_uring, for one request at a time. */
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ring;
static char *rings;
static struct io_uring_params params;
static struct io_uring_sqe *sqes;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Makes the rings. */
static void begin(void)
{
	size_t size;

	ring = syscall(SYS_io_uring_setup, 4, &params);
	if (ring < 0)
		fail("io_uring_setup");
	size = params.sq_off.array + params.sq_entries * 4;
	if (size < params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe))
		size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	rings = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	sqes = mmap(0, params.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
		    IORING_OFF_SQES);
	if (rings == MAP_FAILED || sqes == MAP_FAILED)
		fail("mmap");
}

/* Has a request done, and gives its result. */
static int request(struct io_uring_sqe sqe)
{
	unsigned *sq_tail = (void *)(rings + params.sq_off.tail);
	unsigned *sq_array = (void *)(rings + params.sq_off.array);
	unsigned *cq_head = (void *)(rings + params.cq_off.head);
	unsigned at = *sq_tail & (params.sq_entries - 1);
	struct io_uring_cqe *cqes = (void *)(rings + params.cq_off.cqes);
	int result;

	sqes[at] = sqe;
	sq_array[at] = at;
	__atomic_store_n(sq_tail, *sq_tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) < 0)
		fail("io_uring_enter");
	result = cqes[*cq_head & (params.cq_entries - 1)].res;
	__atomic_store_n(cq_head, *cq_head + 1, __ATOMIC_RELEASE);
	return result;
}
