/*
 * Does with io_uring what syscalls do, one request after the other, in the folder that is its argument, and prints what
 * it knows to be true of each: what it was, and what came of it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ring.h"

static int told(const char *type, int result, const char *path)
{
	printf("%s %d %s\n", type, result, path);
	return result;
}

static void files(void)
{
	struct open_how how = { .flags = O_RDONLY };
	int fd;

	told("mkdirat", request((struct io_uring_sqe){ .opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD,
		.addr = (long)"made", .len = 0700 }), "made");
	fd = told("openat", request((struct io_uring_sqe){ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD,
		.addr = (long)"made/file", .open_flags = O_CREAT | O_WRONLY, .len = 0600 }), "made/file");
	close(fd);
	told("openat", request((struct io_uring_sqe){ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD,
		.addr = (long)"made/none", .open_flags = O_RDONLY }), "made/none");
	told("linkat", request((struct io_uring_sqe){ .opcode = IORING_OP_LINKAT, .fd = AT_FDCWD,
		.addr = (long)"made/file", .len = AT_FDCWD, .addr2 = (long)"made/hard" }), "made/hard");
	told("symlinkat", request((struct io_uring_sqe){ .opcode = IORING_OP_SYMLINKAT, .fd = AT_FDCWD,
		.addr = (long)"file", .addr2 = (long)"made/soft" }), "made/soft");
	/* Through the link. */
	fd = told("openat2", request((struct io_uring_sqe){ .opcode = IORING_OP_OPENAT2, .fd = AT_FDCWD,
		.addr = (long)"made/soft", .len = sizeof(how), .off = (long)&how }), "made/soft");
	close(fd);
	told("renameat2", request((struct io_uring_sqe){ .opcode = IORING_OP_RENAMEAT, .fd = AT_FDCWD,
		.addr = (long)"made/hard", .len = AT_FDCWD, .addr2 = (long)"made/other" }), "made/other");
	told("unlinkat", request((struct io_uring_sqe){ .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD,
		.addr = (long)"made/other" }), "made/other");
}

static void sockets(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	char name[32], data[8];
	int server, client, accepted;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server, (void *)&address, size) || listen(server, 1) || getsockname(server, (void *)&address, &size))
		fail("listen");
	snprintf(name, sizeof(name), "127.0.0.1:%d", ntohs(address.sin_port));
	client = told("socket", request((struct io_uring_sqe){ .opcode = IORING_OP_SOCKET, .fd = AF_INET,
		.off = SOCK_STREAM }), "-");
	told("connect", request((struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .fd = client,
		.addr = (long)&address, .off = size }), name);
	accepted = told("accept4", request((struct io_uring_sqe){ .opcode = IORING_OP_ACCEPT, .fd = server }), name);
	told("sendto", request((struct io_uring_sqe){ .opcode = IORING_OP_SEND, .fd = client, .addr = (long)"ping",
		.len = 4 }), name);
	told("recvfrom", request((struct io_uring_sqe){ .opcode = IORING_OP_RECV, .fd = accepted,
		.addr = (long)data, .len = sizeof(data) }), name);
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]))
		fail("the folder");
	begin();
	files();
	sockets();
	return 0;
}
