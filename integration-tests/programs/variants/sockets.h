// Sockets that cells are about, and what is known of them.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/un.h>

// The address that a cell is about: where somebody listens, or nobody does.
static union {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
} there;
static socklen_t there_size = sizeof there;

// An address as Falco writes it; one that was mapped into IPv6 is an IPv4 address.
static const char *ip_of(const void *address)
{
	char ip[INET6_ADDRSTRLEN];
	const struct sockaddr_in *v4 = address;
	const struct sockaddr_in6 *v6 = address;
	bool mapped = v4->sin_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
	if (v4->sin_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof ip);
	else if (mapped)
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], ip, sizeof ip);
	else
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof ip);
	return text("%s", ip);
}

static int port_of(const void *address) { return ntohs(((const struct sockaddr_in *)address)->sin_port); }
static const char *written(const void *address) { return text("%s:%d", ip_of(address), port_of(address)); }

static void loopback(int family)
{
	memset(&there, 0, sizeof there);
	there.any.sa_family = family;
	there_size = family == AF_INET ? sizeof there.v4 : family == AF_INET6 ? sizeof there.v6 : sizeof there.local;
	if (family == AF_INET)
		there.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (family == AF_INET6)
		there.v6.sin6_addr = in6addr_loopback;
	else
		snprintf(there.local.sun_path, sizeof there.local.sun_path, "%s.socket", cell);
}

static int fresh(int family, int type) { return check("socket", socket(family, type | SOCK_CLOEXEC, 0)); }

// A socket with an address of its own, which is there.
static int bound(int family, int type)
{
	int fd = fresh(family, type);
	loopback(family);
	check("bind", bind(fd, &there.any, there_size));
	check("getsockname", getsockname(fd, &there.any, &there_size));
	return fd;
}

static int listening(int family)
{
	int fd = bound(family, SOCK_STREAM);
	check("listen", listen(fd, 5));
	return fd;
}

static int tcp(void)
{
	loopback(AF_INET);
	return fresh(AF_INET, SOCK_STREAM);
}

static int tcp6(void)
{
	loopback(AF_INET6);
	return fresh(AF_INET6, SOCK_STREAM);
}

static int udp(void) { return fresh(AF_INET, SOCK_DGRAM); }

static int a_local_one(void)
{
	loopback(AF_UNIX);
	return fresh(AF_UNIX, SOCK_STREAM);
}

static int bound_tcp(void) { return bound(AF_INET, SOCK_STREAM); }
static int bound_udp(void) { return bound(AF_INET, SOCK_DGRAM); }

// Sockets that are to be connected: to who listens, and to nobody.
static int tcp_to_somebody(void) { return listening(AF_INET), fresh(AF_INET, SOCK_STREAM); }
static int tcp6_to_somebody(void) { return listening(AF_INET6), fresh(AF_INET6, SOCK_STREAM); }
static int local_to_somebody(void) { return listening(AF_UNIX), fresh(AF_UNIX, SOCK_STREAM); }
static int udp_to_somebody(void) { return bound(AF_INET, SOCK_DGRAM), udp(); }
static int tcp_to_nobody(void) { return close(bound(AF_INET, SOCK_STREAM)), fresh(AF_INET, SOCK_STREAM); }
static int tcp_to_a_taken_address(void) { return listening(AF_INET), fresh(AF_INET, SOCK_STREAM); }

// An IPv6 socket that is to talk IPv4.
static int mapped_to_somebody(void)
{
	listening(AF_INET);
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = there.v4.sin_port};
	memcpy(mapped.sin6_addr.s6_addr, (char[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 127, 0, 0, 1}, 16);
	there.v6 = mapped;
	there_size = sizeof mapped;
	return fresh(AF_INET6, SOCK_STREAM);
}

// A listener that somebody has connected to, and the ends of a connection.
static int client = -1;

static int expecting(int family)
{
	int fd = listening(family);
	client = fresh(family, SOCK_STREAM);
	check("connect", connect(client, &there.any, there_size));
	return fd;
}

static int expecting_tcp(void) { return expecting(AF_INET); }
static int expecting_tcp6(void) { return expecting(AF_INET6); }
static int expecting_local(void) { return expecting(AF_UNIX); }

static int expecting_nobody(void)
{
	int fd = listening(AF_INET);
	check("fcntl", fcntl(fd, F_SETFL, O_NONBLOCK));
	return fd;
}

static int accepted(void) { return check("accept", accept(expecting(AF_INET), NULL, NULL)); }
static int connected(void) { return accepted(), client; }

static int with_content(void)
{
	int fd = accepted();
	check("send", send(client, "content", 7, 0));
	return fd;
}

// What isn't connected, and was sent something.
static int udp_with_content(void)
{
	int fd = bound(AF_INET, SOCK_DGRAM);
	client = udp();
	check("sendto", sendto(client, "content", 7, 0, &there.any, there_size));
	return fd;
}

static int without_reader(void)
{
	int fd = accepted();
	check("shutdown", shutdown(fd, SHUT_WR));
	return fd;
}

static const char *protocol_of(int fd)
{
	int type = 0;
	socklen_t size = sizeof type;
	check("getsockopt", getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size));
	return type == SOCK_STREAM ? "tcp" : "udp";
}

// A connection, named from the client.
static void tell_ends(int fd, const void *own, const void *other, bool serves)
{
	const void *client = serves ? other : own, *server = serves ? own : other;
	const char *name = text("%s->%s", written(client), written(server));
	tell("fd.name", name);
	tell("fd.cip", ip_of(client));
	tell_number("fd.cport", port_of(client));
	tell("fd.sip", ip_of(server));
	tell_number("fd.sport", port_of(server));
	tell_number("fd.lport", port_of(own));
	tell_number("fd.rport", port_of(other));
	tell("fd.l4proto", protocol_of(fd));
	tell("fd.is_server", serves ? "true" : "false");
}

static const char *tell_connection(int fd, bool serves)
{
	struct sockaddr_in6 own, other;
	socklen_t size = sizeof own;
	check("getsockname", getsockname(fd, (void *)&own, &size));
	size = sizeof other;
	check("getpeername", getpeername(fd, (void *)&other, &size));
	tell_ends(fd, &own, &other, serves);
	return serves ? text("%s->%s", written(&other), written(&own)) : text("%s->%s", written(&own), written(&other));
}

// A socket that has an address, and isn't connected.
static void tell_own(int fd)
{
	struct sockaddr_in6 own;
	socklen_t size = sizeof own;
	check("getsockname", getsockname(fd, (void *)&own, &size));
	tell("fd.name", written(&own));
	tell("fd.sip", ip_of(&own));
	tell_number("fd.sport", port_of(&own));
	tell("fd.is_server", "true");
	tell("fd.l4proto", protocol_of(fd));
}
