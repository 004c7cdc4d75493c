/* All programs in one object, since they share its maps. */

#include "arch.h"
#include "asked.h"

#include "process.c"
#include "cgroup.c"
#include "syscall.c"
#include "uring.c"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
