// What changes the kernel: its programs, its filters, its modules.

#include "perform.h"

#include <linux/bpf.h>
#include <linux/module.h>
#include <linux/seccomp.h>

#include "made.h"

static union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
static union bpf_attr nothing;
static unsigned action = SECCOMP_RET_KILL_PROCESS;

static const struct row ROWS[] = {
	{ON(bpf), MAKES("fd"), .args = {FLAGS("cmd", BPF_MAP_CREATE), MEMORY(&map), P(sizeof map)},
		.others = {{"EINVAL", EINVAL, .args = {FLAGS("cmd", BPF_MAP_CREATE), MEMORY(&nothing), P(sizeof nothing)}}}},
	{ON(seccomp), RES, .args = {N("op", SECCOMP_GET_ACTION_AVAIL), HEX("flags", 0), MEMORY(&action)},
		.others = {{"EINVAL", EINVAL, .args = {N("op", 99), HEX("flags", 0xff), MEMORY(&action)}}}},
	// There is none that this kernel would take.
	{ON(init_module), RES, .privileged = true, .cannot = {{"success", "there is no module"}, {"32-bit", "there is no module"}},
		.args = {STR("img", "none"), N("length", 4), STR("uargs", "a=1 b=2")},
		.others = {{"refused", ANY}, {"refused, 32-bit", ANY, true}}},
	{ON(finit_module), RES, .privileged = true, .cannot = {{"success", "there is no module"}, {"32-bit", "there is no module"}},
		.args = {ABOUT_FD("fd", a_file), STR("uargs", "a=1 b=2"), FLAGS("flags", MODULE_INIT_IGNORE_VERMAGIC)},
		.others = {{"refused", ANY}, {"refused, 32-bit", ANY, true}}},
	{ON(delete_module), RES, .privileged = true, .cannot = {{"success", "there is no module"}, {"32-bit", "there is no module"}},
		.args = {STR("name", "none"), FLAGS("flags", O_NONBLOCK)},
		.others = {{"refused", ANY}, {"refused, 32-bit", ANY, true}}},
};

int main(int count, char **arguments)
{
	return PERFORM(count, arguments, ROWS);
}
