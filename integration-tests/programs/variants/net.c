// Sockets: made, named, connected, and what is sent and received by them.

#include "perform.h"

#include <sys/uio.h>

#include "made.h"
#include "sockets.h"

// As 32-bit programs have them.
struct narrow_vector {
	unsigned base, length;
};

struct narrow_message {
	unsigned name, name_size, vector, count, control, control_size, flags, sent;
};

static char buffer[64], content[] = "content";
static struct iovec in = {buffer, sizeof buffer}, out = {content, 7};
static struct narrow_vector narrow_in, narrow_out;
static struct msghdr incoming = {.msg_iov = &in, .msg_iovlen = 1}, outgoing = {.msg_iov = &out, .msg_iovlen = 1};
static struct narrow_message narrow_incoming, narrow_outgoing;
static struct mmsghdr several_incoming = {{.msg_iov = &in, .msg_iovlen = 1}};
static struct mmsghdr several_outgoing = {{.msg_iov = &out, .msg_iovlen = 1}};
static struct sockaddr_in elsewhere = {.sin_family = AF_INET};
static struct sockaddr_storage from;
static socklen_t from_size = sizeof from, value_size = sizeof(int);
static int pair[2], value = 1;

static void tell_bound(const struct call *call)
{
	if (call->result < 0)
		return;
	if (there.any.sa_family == AF_UNIX) {
		tell("fd.name", there.local.sun_path);
		return;
	}
	tell_own(call->args[0].value);
	if (call->row->number == SYS_bind) {
		getsockname(call->args[0].value, &there.any, &there_size);
		tell_argument("addr", written(&there));
	}
}

static void tell_taken(const struct call *call) { tell_argument("addr", written(&there)); }
static void tell_elsewhere(const struct call *call) { tell_argument("addr", written(&elsewhere)); }

static void tell_connected(const struct call *call)
{
	if (call->result < 0)
		return;
	tell_argument("tuple", tell_connection(call->args[0].value, false));
	tell_argument("addr", written(&there));
}

// What was asked for is known.
static void tell_refused(const struct call *call)
{
	tell_argument("addr", written(&there));
	tell("fd.sip", ip_of(&there));
	tell_number("fd.sport", port_of(&there));
	tell("fd.is_server", "false");
}

static void tell_local(const struct call *call) { tell("fd.name", there.local.sun_path); }

static void tell_accepted(const struct call *call)
{
	if (call->result < 0)
		return;
	tell_argument("tuple", tell_connection(call->result, true));
	tell_argument("queuelen", "0");
	tell_argument("queuemax", "5");
	tell_argument("queuepct", "0");
}

static void tell_sent(const struct call *call)
{
	int fd = call->args[0].value;
	if (call->args[1].as == POINTER && call->args[1].value != 8) {
		tell_argument("data", "content");
		tell_argument("size", "7");
	}
	if (fd >= 0)
		tell_argument("tuple", tell_connection(fd, false));
}

static void tell_sent_to(const struct call *call)
{
	struct sockaddr_in6 own;
	socklen_t size = sizeof own;
	check("getsockname", getsockname(call->args[0].value, (void *)&own, &size));
	tell("fd.sip", ip_of(&there));
	tell_number("fd.sport", port_of(&there));
	tell_number("fd.cport", port_of(&own));
	tell("fd.is_server", "false");
}

static void tell_received(const struct call *call)
{
	int fd = call->args[0].value;
	tell_argument("data", call->result < 0 ? "<NA>" : "content");
	if (call->result >= 0 && call->args[1].as == POINTER && call->row->number == SYS_recvmsg)
		tell_argument("size", "7");
	if (fd >= 0)
		tell_argument("tuple", tell_connection(fd, true));
}

static void tell_received_from(const struct call *call)
{
	struct sockaddr_in6 own, other;
	socklen_t size = sizeof own;
	check("getsockname", getsockname(call->args[0].value, (void *)&own, &size));
	size = sizeof other;
	check("getsockname", getsockname(client, (void *)&other, &size));
	tell_argument("data", "content");
	tell_number("fd.sport", port_of(&own));
	tell_number("fd.cport", port_of(&other));
	tell("fd.cip", "127.0.0.1");
	tell("fd.is_server", "true");
}

static void tell_pair(const struct call *call)
{
	if (call->result < 0)
		return;
	tell("evt.rawarg.fd1", text("%d", pair[0]));
	tell("evt.rawarg.fd2", text("%d", pair[1]));
}

static void tell_value(const struct call *call)
{
	if (call->result < 0)
		return;
	tell_argument("val", "1");
	tell_argument("optlen", "4");
}

static int reused(void)
{
	int fd = tcp();
	check("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value));
	return fd;
}

static const struct row ROWS[] = {
	{ON(socket), .request = IORING_OP_SOCKET, .socketcall = 1, MAKES("fd"),
		.args = {FLAGS("domain", AF_INET), N("type", SOCK_STREAM), N("proto", IPPROTO_TCP)},
		.others = {
			{"IPv6", 0, .args = {FLAGS("domain", AF_INET6), N("type", SOCK_DGRAM), N("proto", 0)}},
			{"unix", 0, .args = {AS("domain", AF_UNIX, "AF_LOCAL|AF_UNIX"), N("type", SOCK_STREAM), N("proto", 0)}},
			{"netlink", 0, .args = {AS("domain", AF_NETLINK, "AF_ROUTE|AF_NETLINK"), N("type", SOCK_RAW), N("proto", 0)}},
			{"packet", 0, .args = {FLAGS("domain", AF_PACKET), N("type", SOCK_RAW), N("proto", 0)}},
			{"EINVAL", EINVAL, .args = {FLAGS("domain", AF_INET), N("type", 99), N("proto", 0)}},
			{"EPROTONOSUPPORT", EPROTONOSUPPORT, .args = {FLAGS("domain", AF_INET), N("type", SOCK_STREAM), N("proto", 17)}},
			{"EAFNOSUPPORT", EAFNOSUPPORT, .args = {FLAGS("domain", AF_APPLETALK), N("type", SOCK_STREAM), N("proto", 0)}},
		}},
	{ON(bind), .request = REQUEST_BIND, .socketcall = 2, RES, .tell = tell_bound,
		.args = {ABOUT_FD("fd", tcp), MEMORY(&there), P(sizeof there.v4)},
		.others = {
			{"IPv6", 0, .args = {ABOUT_FD("fd", tcp6), MEMORY(&there), P(sizeof there.v6)}, .tell = tell_bound},
			{"unix", 0, .args = {ABOUT_FD("fd", a_local_one), MEMORY(&there), P(sizeof there.local)}, .tell = tell_bound},
			{"EADDRINUSE", EADDRINUSE, .args = {ABOUT_FD("fd", tcp_to_a_taken_address), MEMORY(&there), P(sizeof there.v4)},
				.tell = tell_taken},
			{"EADDRNOTAVAIL", EADDRNOTAVAIL, .args = {ABOUT_FD("fd", tcp), MEMORY(&elsewhere), P(sizeof elsewhere)},
				.tell = tell_elsewhere},
			{"ENOTSOCK", ENOTSOCK, .args = {ABOUT_FD("fd", a_file), MEMORY(&there), P(sizeof there.v4)}},
		}},
	{ON(connect), .request = IORING_OP_CONNECT, .socketcall = 3, RES, .tell = tell_connected,
		.args = {ABOUT_FD("fd", tcp_to_somebody), MEMORY(&there), P(sizeof there.v4)},
		.others = {
			{"UDP", 0, .args = {ABOUT_FD("fd", udp_to_somebody), MEMORY(&there), P(sizeof there.v4)}, .tell = tell_connected},
			{"IPv6", 0, .args = {ABOUT_FD("fd", tcp6_to_somebody), MEMORY(&there), P(sizeof there.v6)}, .tell = tell_connected},
			{"mapped", 0, .args = {FD("fd", mapped_to_somebody), MEMORY(&there), P(sizeof there.v6)}, .tell = tell_connected},
			{"unix", 0, .args = {ABOUT_FD("fd", local_to_somebody), MEMORY(&there), P(sizeof there.local)}, .tell = tell_local},
			{"ECONNREFUSED", ECONNREFUSED, .args = {ABOUT_FD("fd", tcp_to_nobody), MEMORY(&there), P(sizeof there.v4)},
				.tell = tell_refused},
			{"ENOENT", ENOENT, .args = {ABOUT_FD("fd", a_local_one), MEMORY(&there), P(sizeof there.local)}, .tell = tell_local},
			{"EISCONN", EISCONN, .args = {ABOUT_FD("fd", connected), MEMORY(&there), P(sizeof there.v4)}},
			{"EINVAL", EINVAL, .args = {ABOUT_FD("fd", tcp_to_somebody), MEMORY(&there), P(3)}},
		}},
	{ON(listen), .request = REQUEST_LISTEN, .socketcall = 4, RES, .tell = tell_bound,
		.args = {ABOUT_FD("fd", bound_tcp), N("backlog", 5)},
		.others = {{"EOPNOTSUPP", EOPNOTSUPP, .args = {ABOUT_FD("fd", bound_udp), N("backlog", 5)}}}},
	{ON_WIDE(accept), .socketcall = 5, MAKES("fd"), .tell = tell_accepted,
		.args = {FD(NULL, expecting_tcp), P(NULL), P(NULL)},
		.others = {{"EAGAIN", EAGAIN, .args = {FD(NULL, expecting_nobody), P(NULL), P(NULL)}},
			{"EINVAL", EINVAL, .args = {FD(NULL, bound_tcp), P(NULL), P(NULL)}}}},
	{ON(accept4), .request = IORING_OP_ACCEPT, .socketcall = 18, MAKES("fd"), .tell = tell_accepted,
		.args = {FD(NULL, expecting_tcp), P(NULL), P(NULL), HEX("flags", SOCK_CLOEXEC)},
		.others = {
			{"IPv6", 0, .args = {FD(NULL, expecting_tcp6), P(NULL), P(NULL), HEX("flags", 0)}, .tell = tell_accepted},
			{"unix", 0, .args = {FD(NULL, expecting_local), P(NULL), P(NULL), HEX("flags", 0)}, .tell = tell_local},
			{"EAGAIN", EAGAIN, .args = {FD(NULL, expecting_nobody), P(NULL), P(NULL), HEX("flags", 0)}},
			{"EINVAL", EINVAL, .args = {FD(NULL, expecting_tcp), P(NULL), P(NULL), HEX("flags", 1)}},
		}},
	{ON(sendto), .request = IORING_OP_SEND, .socketcall = 11, RES, .tell = tell_sent,
		.args = {ABOUT_FD("fd", connected), STR("data", "content"), N("size", 7), P(0), P(NULL), P(0)},
		.others = {
			{"to an address", 0, .args = {ABOUT_FD("fd", udp_to_somebody), STR("data", "content"), N("size", 7), P(0),
				MEMORY(&there), P(sizeof there.v4)}, .tell = tell_sent_to},
			{"EPIPE", EPIPE, .args = {ABOUT_FD("fd", without_reader), STR("data", "content"), N("size", 7), P(MSG_NOSIGNAL)}},
			{"EDESTADDRREQ", EDESTADDRREQ, .args = {ABOUT_FD("fd", udp), STR("data", "content"), N("size", 7)}},
		}},
	{ON(recvfrom), .request = IORING_OP_RECV, .socketcall = 12, RES, .tell = tell_received,
		.args = {ABOUT_FD("fd", with_content), MEMORY(buffer), N("size", 64), P(0), P(NULL), P(NULL)},
		.others = {
			{"from an address", 0, .args = {ABOUT_FD("fd", udp_with_content), MEMORY(buffer), N("size", 64), P(0),
				MEMORY(&from), MEMORY(&from_size)}, .tell = tell_received_from},
			{"EAGAIN", EAGAIN, .args = {ABOUT_FD("fd", accepted), MEMORY(buffer), N("size", 64), P(MSG_DONTWAIT)},
				.tell = tell_received},
			{"ENOTCONN", ENOTCONN, .args = {ABOUT_FD("fd", tcp), MEMORY(buffer), N("size", 64)}},
		}},
	{ON(sendmsg), .request = IORING_OP_SENDMSG, .socketcall = 16, RES, .tell = tell_sent,
		.args = {ABOUT_FD("fd", connected), MEMORIES(&outgoing, &narrow_outgoing), P(0)},
		.others = {{"EDESTADDRREQ", EDESTADDRREQ, .args = {ABOUT_FD("fd", udp), MEMORY(&outgoing)}}}},
	{ON(recvmsg), .request = IORING_OP_RECVMSG, .socketcall = 17, RES, .tell = tell_received,
		.args = {ABOUT_FD("fd", with_content), MEMORIES(&incoming, &narrow_incoming), P(0)},
		.others = {{"EAGAIN", EAGAIN, .args = {ABOUT_FD("fd", accepted), MEMORY(&incoming), P(MSG_DONTWAIT)},
			.tell = tell_received}}},
	{ON(sendmmsg), .socketcall = 20, RES, .tell = tell_sent,
		.args = {ABOUT_FD("fd", connected), MEMORIES(&several_outgoing, &narrow_outgoing), P(1), P(0)}},
	{ON(recvmmsg), .socketcall = 19, RES, .tell = tell_received,
		.args = {ABOUT_FD("fd", with_content), MEMORIES(&several_incoming, &narrow_incoming), P(1), P(0), P(NULL)},
		.others = {{"EAGAIN", EAGAIN, .args = {ABOUT_FD("fd", accepted), MEMORY(&several_incoming), P(1), P(MSG_DONTWAIT)},
			.tell = tell_received}}},
	{ON(shutdown), .request = IORING_OP_SHUTDOWN, .socketcall = 13, RES,
		.args = {ABOUT_FD("fd", connected), FLAGS("how", SHUT_WR)},
		.others = {{"ENOTCONN", ENOTCONN, .args = {ABOUT_FD("fd", tcp), FLAGS("how", SHUT_RDWR)}}}},
	{ON(getsockname), .socketcall = 6, .args = {ABOUT_FD(NULL, connected), MEMORY(&from), MEMORY(&from_size)}},
	{ON(getpeername), .socketcall = 7, .args = {ABOUT_FD(NULL, connected), MEMORY(&from), MEMORY(&from_size)},
		.others = {{"ENOTCONN", ENOTCONN, .args = {ABOUT_FD(NULL, tcp), MEMORY(&from), MEMORY(&from_size)}}}},
	{ON(setsockopt), .socketcall = 14, RES, .tell = tell_value,
		.args = {ABOUT_FD("fd", tcp), FLAGS("level", SOL_SOCKET), FLAGS("optname", SO_REUSEADDR), MEMORY(&value), N("optlen", 4)},
		.others = {{"ENOPROTOOPT", ENOPROTOOPT, .args = {ABOUT_FD("fd", tcp), FLAGS("level", SOL_SOCKET), AS("optname", 200, "200"),
			MEMORY(&value), N("optlen", 4)}}}},
	{ON(getsockopt), .socketcall = 15, RES, .tell = tell_value,
		.args = {ABOUT_FD("fd", reused), FLAGS("level", SOL_SOCKET), FLAGS("optname", SO_REUSEADDR), MEMORY(&value),
			MEMORY(&value_size)},
		.others = {{"ENOPROTOOPT", ENOPROTOOPT, .args = {ABOUT_FD("fd", tcp), FLAGS("level", SOL_SOCKET), AS("optname", 200, "200"),
			MEMORY(&value), MEMORY(&value_size)}}}},
	{ON(socketpair), .socketcall = 8, RES, .tell = tell_pair,
		.args = {AS("domain", AF_UNIX, "AF_LOCAL|AF_UNIX"), N("type", SOCK_STREAM), N("proto", 0), MEMORY(pair)},
		.others = {{"EOPNOTSUPP", EOPNOTSUPP, .args = {FLAGS("domain", AF_INET), N("type", SOCK_STREAM), N("proto", 0), MEMORY(pair)}}}},
};

int main(int count, char **arguments)
{
	narrow_in = (struct narrow_vector){(long)buffer, sizeof buffer};
	narrow_out = (struct narrow_vector){(long)content, 7};
	narrow_incoming = (struct narrow_message){.vector = (long)&narrow_in, .count = 1};
	narrow_outgoing = (struct narrow_message){.vector = (long)&narrow_out, .count = 1};
	elsewhere.sin_addr.s_addr = htonl(0xc0000201);
	return PERFORM(count, arguments, ROWS);
}
