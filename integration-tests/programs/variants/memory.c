// Memory that is mapped, unmapped, protected and locked.

#include "perform.h"

#include "made.h"

#define PAGE 4096

static char pages[4 * PAGE] __attribute__((aligned(PAGE)));
// What 32-bit programs pass to mmap in the old way.
static unsigned mapping[ARGS_MAX] = {0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0};

static void tell_mapping(const struct call *call)
{
	tell_argument("addr", "0");
	tell_argument("length", text("%d", PAGE));
	tell_argument("prot", "PROT_READ");
	tell_argument("flags", "MAP_PRIVATE|MAP_ANONYMOUS");
	tell("evt.rawarg.fd", "-1");
	tell_argument("offset", "0");
}

static void tell_hex(const struct call *call) { tell_argument("res", text("%lX", call->result)); }

static const struct row ROWS[] = {
	{ON(brk), RES, .tell = tell_hex, .args = {HEX("addr", 0)}},
	{ON(mmap), RES, .cannot = {{"32-bit", "its arguments are in memory there: packed"}, {"bad descriptor", "of no file"}},
		.args = {HEX("addr", 0), N("length", PAGE), FLAGS("prot", PROT_READ|PROT_EXEC),
			FLAGS("flags", MAP_PRIVATE|MAP_ANONYMOUS), CLOSED_FD("fd"), N("offset", 0)},
		.others = {
			{"of a file", 0, .args = {HEX("addr", 0), N("length", PAGE), FLAGS("prot", PROT_READ), FLAGS("flags", MAP_PRIVATE),
				FD("fd", a_file), N("offset", 0)}},
			{"packed, 32-bit", 0, true, .args = {MEMORY(mapping)}, .tell = tell_mapping},
			{"EBADF", EBADF, .args = {HEX("addr", 0), N("length", PAGE), FLAGS("prot", PROT_READ), FLAGS("flags", MAP_PRIVATE),
				CLOSED_FD("fd"), N("offset", 0)}},
			{"EINVAL", EINVAL, .args = {HEX("addr", 0), N("length", 0), AS("prot", 0, "PROT_NONE"),
				FLAGS("flags", MAP_PRIVATE|MAP_ANONYMOUS), CLOSED_FD("fd"), N("offset", 0)}},
		}},
	{ON_NARROW(mmap2), RES, .cannot = {{"bad descriptor", "of no file"}},
		.args = {HEX("addr", 0), N("length", PAGE), FLAGS("prot", PROT_READ|PROT_WRITE),
			FLAGS("flags", MAP_PRIVATE|MAP_ANONYMOUS), AS("fd", -1u, "EPERM"), N("pgoffset", 0)}},
	{ON(munmap), RES, .args = {HEX("addr", (long)pages), N("length", PAGE)},
		.others = {{"EINVAL", EINVAL, .args = {HEX("addr", (long)(pages + 1)), N("length", PAGE)}}}},
	{ON(mprotect), RES, .args = {HEX("addr", (long)pages), N("length", PAGE), FLAGS("prot", PROT_READ|PROT_WRITE|PROT_EXEC)},
		.others = {{"EINVAL", EINVAL, .args = {HEX("addr", (long)(pages + 1)), N("length", PAGE), FLAGS("prot", PROT_READ)}},
			{"ENOMEM", ENOMEM, .args = {HEX("addr", PAGE), N("length", PAGE), FLAGS("prot", PROT_READ)}}}},
	{ON(mlock), RES, .args = {HEX("addr", (long)pages), N("len", PAGE)},
		.others = {{"ENOMEM", ENOMEM, .args = {HEX("addr", PAGE), N("len", PAGE)}}}},
	{ON(munlock), RES, .args = {HEX("addr", (long)pages), N("len", PAGE)},
		.others = {{"ENOMEM", ENOMEM, .args = {HEX("addr", PAGE), N("len", PAGE)}}}},
	{ON(mlockall), RES, .args = {FLAGS("flags", MCL_FUTURE)},
		.others = {{"EINVAL", EINVAL, .args = {AS("flags", 0, "0")}}}},
	{ON(munlockall), RES},
	{ON(mlock2), RES, .args = {HEX("addr", (long)pages), N("len", PAGE), FLAGS("flags", MLOCK_ONFAULT)},
		.others = {{"EINVAL", EINVAL, .args = {HEX("addr", (long)pages), N("len", PAGE), AS("flags", 2, "2")}}}},
};

int main(int count, char **arguments)
{
	return PERFORM(count, arguments, ROWS);
}
