/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The kernel side as the agent sees it: programs loaded and attached, labels of what already runs, records out.
 * Everything is released by kernel_close(); without pins nothing stays attached when the process ends, however it ends.
 */
#ifndef SLUICE_KERNEL_KERNEL_H
#define SLUICE_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "exception.h"
#include "policy/compile.h"
#include "record.h"

/* How file opens are seen, best first. */
enum kernel_tier {
	KERNEL_TIER_AUTO = 0,
	KERNEL_TIER_LSM,
	KERNEL_TIER_FMOD_RET,
	KERNEL_TIER_SYS_EXIT,
	_KERNEL_TIER_MAX,
};

const char *kernel_tier_name(enum kernel_tier tier);            /* "lsm", "fmod_ret", "sys_exit" */
int kernel_tier_from_str(const char *s, enum kernel_tier *ret); /* -EINVAL */

/* What a block of a file open means in a tier, by deny, kill, alert. */
enum policy_require kernel_tier_strength(enum kernel_tier tier);
const char *kernel_strength_name(enum policy_require strength); /* "deny", "kill", "alert" */

/*
 * Are we in namespaces that show what the kernel sees? -EOPNOTSUPP with a sentence in e if not. Needs no root, so that no command
 * says "not root" to the root of a container.
 */
int kernel_check_host(struct errmsg *e);

/* The best tier whose programs this kernel attaches: an empty one is, for a moment; it has not been seen to run. Needs root: -EPERM. */
int kernel_probe(enum kernel_tier *ret, struct errmsg *e);

/* One thing that is watched, and how; the rows of `doctor`. */
enum kernel_state {
	KERNEL_ABSENT = 0,   /* not seen on this kernel */
	KERNEL_ATTACHED,     /* attached; the agent could not trigger it itself */
	KERNEL_SEEN,         /* attached, and seen to run */
	KERNEL_STOPPED,      /* attached, and was seen to run; the kernel does not call it any more */
};

struct kernel_row {
	const char *subject;  /* "file opens" */
	char how[64];         /* "lsm/file_open" */
	enum kernel_state state;
	char reason[256];     /* why not, or what is limited; "" */
	char remedy[256];     /* what to change; "" */
	bool lost;            /* this host takes it away where kernels of this tier have it: said at each start, not only by doctor */
};

#define KERNEL_ROWS 20

struct kernel_config {
	const struct compiled *compiled;  /* borrowed */
	enum kernel_tier tier;            /* AUTO: the best that really runs */
	const char *cgroup;               /* cgroup v2 directory for connections; NULL: the root, wherever it is */
	uint32_t ring_size;               /* bytes of the ordinary ring, a power of two pages; 0: 2 MiB */
	bool enforce;                     /* refuse what rules block; false: it is only reported */
	const char *pin_root;             /* folder of a BPF filesystem where the programs stay when the agent goes, and from
	                                   * where those that are there are taken over; NULL: they go with the agent */
	bool reloading;                   /* those that are there are this process's own */
	const char *policy_path;          /* for people */
	bool guard;                       /* protect the agent from processes of sessions */
	bool no_network;                  /* attach no cgroup programs (doctor's dry run) */
};

struct kernel;
struct helper;

/*
 * Loads and attaches. e explains in one line. -EPERM: not root or refused; -EOPNOTSUPP: this kernel lacks something
 * (e says what); -EINVAL: the configuration; others as they come. On failure nothing is left attached.
 */
int kernel_open(const struct kernel_config *config, struct kernel **ret, struct errmsg *e);
void kernel_close(struct kernel *k);

/* Removes the pins of this set and all others: kernel_close() then ends it all. */
int kernel_unpin(struct kernel *k, struct errmsg *e);

/* Is anything refused now? *ret_until: end of a time-boxed monitor mode (CLOCK_BOOTTIME), 0 none. Another process may have
 * changed it. */
bool kernel_pinned(const struct kernel *k);          /* this set is what a later agent finds */
bool kernel_in_enforce_mode(const struct kernel *k); /* the same, whatever time-boxed exception there is */
bool kernel_enforcing(const struct kernel *k, uint64_t *ret_until);

/* Answer of the last reload, for `sluice reload`. why NULL: it went well. */
void kernel_note_reload(struct kernel *k, uint64_t reloads, const char *why);
DEFINE_FREEP(struct kernel, kernel_close)

/* What is seen, and how. Returns the number of rows. Pointers live as long as k. */
size_t kernel_rows(const struct kernel *k, const struct kernel_row **ret);
enum kernel_tier kernel_tier(const struct kernel *k);

bool kernel_sees_connections(const struct kernel *k);

/*
 * With config.guard: the agent's own files and the given ones (policy, lists, outputs) are closed to processes of sessions, and so
 * are the cgroups that hold it. Again after each load of a policy. Returns how many could not be; *ret_failed is the first.
 */
size_t kernel_guard(struct kernel *k, const char *const *files, size_t files_cnt, const char **ret_failed);

/*
 * The agent goes through its hooks once more, as at the start: what is attached can be switched off below it (kernel.ftrace_enabled).
 * False: some do not run. *ret_changed: others than at the last time. kernel_stopped(): which, as text, "" none.
 */
bool kernel_prove(struct kernel *k, bool *ret_changed);
void kernel_stopped(const struct kernel *k, char *ret, size_t size);

/* What `block` means for file opens on this kernel. */
enum policy_require kernel_strength(const struct kernel *k);

/*
 * Labels what already runs: scans /proc until nothing new is found, with the forks seen since attach. Each labelled
 * process is given to sink as an SL_REC_EXEC record. Then this program set decides, is pinned, and what the one before it
 * had not told is given to sink; that one goes. Returns the number of labelled processes or a negative errno with e filled.
 */
typedef int (*kernel_sink)(void *arg, const void *record, size_t size);
int kernel_label_running(struct kernel *k, struct helper *helper, kernel_sink sink, void *arg, struct errmsg *e);

/* Descriptor for epoll: readable when an alert waits or much waits. */
int kernel_fd(const struct kernel *k);

/* Gives every waiting record to sink, in order of time. Returns how many, or a negative errno (also the sink's). */
int kernel_consume(struct kernel *k, kernel_sink sink, void *arg);

/* Kernel-side losses since the last call, added to counters (index: enum sl_loss below _SL_LOSS_KERNEL_MAX). */
void kernel_tidy(struct kernel *k); /* drops what is remembered of sessions that have ended; now and then */
void kernel_take_losses(struct kernel *k, uint64_t counters[_SL_LOSS_MAX]);

/* A file that is a secret by its path (its match set) may have other names, or get one unseen: the kernel is to know it by its
 * inode. */
void kernel_note_secret(struct kernel *k, int fd, uint64_t sets); /* fd: O_PATH, on a local file system; sets: by lane, see dfa_lanes() */

/* A directory is a home: what is below it is below ~ by any path. fd: O_PATH, on a local file system. -E2BIG: there is no room; -errno. */
int kernel_note_root(struct kernel *k, int fd);

/* The same by its numbers, where the agent must not open anything: dev as the kernel has it. */
int kernel_add_root(struct kernel *k, uint32_t dev, uint64_t ino);

/*
 * Makes an exception for the file that e names by path, st_dev and st_ino, until e->until_ns, and puts the text of its event into text.
 * -ENOENT: the policy has no such tool; -ESTALE: another file is there now; -ENOSPC: there are too many; others as they come.
 */
int kernel_allow(struct kernel *k, struct sl_exception *e, char *text, size_t size);

/* Is the process labelled: in a session? 1, 0, or a negative errno. */
int kernel_in_session(struct kernel *k, uint32_t tgid);

/* Ends exceptions whose time is over or that somebody ended, and says so. Returns what the callback returned, if not 0. */
int kernel_exceptions(struct kernel *k, int (*tell)(void *arg, const char *text), void *arg);

/* What is known of an address from DNS, where the kernel knows nothing of it yet: for a program set that takes over. */
void kernel_set_names(struct kernel *k, const uint8_t key[SL_NET_KEY], const struct sl_net_names *names);

/*
 * Flows that packets will not tell the end of go to sink as SL_REC_FLOW records and are forgotten: UDP flows that are idle, or,
 * when the programs go, all. 0, or the sink's negative result.
 */
int kernel_end_flows(struct kernel *k, bool all, kernel_sink sink, void *arg);

/* CLOCK_BOOTTIME in ns, as the records have it. */
uint64_t kernel_now_ns(void);

/* Lines that libbpf and the verifier said about the last failure; "" when none. */
const char *kernel_log(void);

/* A descriptor of the cgroup v2 root, wherever it is mounted; if nowhere, by a mount of its own that no one sees. */
int kernel_cgroup_root(struct errmsg *e);

#endif /* SLUICE_KERNEL_KERNEL_H */
