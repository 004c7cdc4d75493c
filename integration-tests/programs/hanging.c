/*
 * Has io_uring connect to a server that doesn't answer, and ends as soon as the kernel has taken the request. Prints the
 * address.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "ring.h"

static void look(int signal)
{
	(void)signal;
	if (*(volatile unsigned *)(rings + params.sq_off.head) == 1)
		_exit(0);
}

int main(void)
{
	struct itimerval often = { .it_interval = { .tv_usec = 1000 }, .it_value = { .tv_usec = 1000 } };
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int server, i;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server, (void *)&address, size) || listen(server, 0) || getsockname(server, (void *)&address, &size))
		fail("listen");
	/* As many as it takes wait to be accepted: nobody else is answered. */
	for (i = 0; i < 4; i++)
		connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&address, size);
	printf("127.0.0.1:%d\n", ntohs(address.sin_port));
	fflush(stdout);
	begin();
	signal(SIGALRM, look);
	setitimer(ITIMER_REAL, &often, 0);
	for (;;)
		request((struct io_uring_sqe){ .opcode = IORING_OP_CONNECT,
			.fd = socket(AF_INET, SOCK_STREAM, 0), .addr = (long)&address, .off = size });
}
