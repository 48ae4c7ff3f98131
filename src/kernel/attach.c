/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: loading and attaching, and the choice of the hook for file opens. "Supported" means seen to run: with bpf left
 * out of lsm=, programs on LSM hooks load and attach without an error and never run, so after attaching the agent opens a
 * file itself and looks whether the hook counted it. A tier that does not run is taken down whole before the next is
 * tried, and its reason is kept for `doctor`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/verifierlog.h"
#include "kernel/internal.h"

#define PROOF_TRIES 5 /* before a hook is said to have stopped */

#define CGROUP_PROGRAMS 8

struct cgroup_program {
	struct bpf_program *prog;
	struct bpf_link **link;
	enum bpf_attach_type type;
};

/* The kernel's own, in no header of user space. arm64 before 6.4 has no trampolines: it loads such programs and does not attach them. */
#define ENOTSUPP 524

static const char *const tier_names[_KERNEL_TIER_MAX] = {
	[KERNEL_TIER_AUTO] = "auto",
	[KERNEL_TIER_LSM] = "lsm",
	[KERNEL_TIER_FMOD_RET] = "fmod_ret",
	[KERNEL_TIER_SYS_EXIT] = "sys_exit",
};

static const char *const tier_hooks[_KERNEL_TIER_MAX] = {
	[KERNEL_TIER_LSM] = "lsm/file_open",
	[KERNEL_TIER_FMOD_RET] = "fmod_ret/security_file_open",
	[KERNEL_TIER_SYS_EXIT] = "tp_btf/sys_exit",
};

const char *kernel_tier_name(enum kernel_tier tier)
{
	return tier < _KERNEL_TIER_MAX ? tier_names[tier] : "?";
}

int kernel_tier_from_str(const char *s, enum kernel_tier *ret)
{
	for (unsigned int i = 0; i < _KERNEL_TIER_MAX; i++) {
		if (strcmp(s, tier_names[i]) == 0) {
			*ret = (enum kernel_tier)i;
			return 0;
		}
	}
	return -EINVAL;
}

struct kernel_row *kernel_row(struct kernel *k, const char *subject)
{
	struct kernel_row *row;

	for (size_t i = 0; i < k->rows_cnt; i++)
		if (strcmp(k->rows[i].subject, subject) == 0)
			return &k->rows[i];
	/* Subjects are literals of this folder, fewer than KERNEL_ROWS. */
	row = &k->rows[k->rows_cnt < KERNEL_ROWS - 1 ? k->rows_cnt++ : KERNEL_ROWS - 1];
	memset(row, 0, sizeof(*row));
	row->subject = subject;
	return row;
}

void kernel_row_clear(struct kernel *k, const char *subject)
{
	for (size_t i = 0; i < k->rows_cnt; i++) {
		if (strcmp(k->rows[i].subject, subject) != 0)
			continue;
		memmove(&k->rows[i], &k->rows[i + 1], (--k->rows_cnt - i) * sizeof(k->rows[0]));
		return;
	}
}

static void __attribute__((format(printf, 4, 5)))
set_row(struct kernel *k, const char *subject, enum kernel_state state, const char *how, ...)
{
	struct kernel_row *row = kernel_row(k, subject);
	va_list args;

	row->state = state;
	va_start(args, how);
	vsnprintf(row->how, sizeof(row->how), how, args);
	va_end(args);
}

/* What libbpf or the verifier complained about, in a form for one line. */
static const char *short_reason(int err)
{
	static char text[240];

	if (err == -EPERM)
		return "the kernel refuses such programs (EPERM)";
	if (err == -EMFILE)
		return "too many open files: `ulimit -n 1024`";
	if (err == -ENOTSUPP)
		return "this kernel has no trampolines for such programs (ENOTSUPP)";
	if (!verifierlog_last(kernel_log(), text, sizeof(text)))
		return strerror(-err);
	return text;
}

/* Loads a program if it is wanted and the function that its section names is in this kernel. */
static void load_if_present(struct bpf_program *prog, bool wanted)
{
	const char *func = strchr(bpf_program__section_name(prog), '/') + 1;
	bool exists = false;

	if (wanted)
		probe_btf_funcs(&func, &exists, 1);
	bpf_program__set_autoload(prog, exists);
}

/* Those that drop cached verdicts (epoch.bpf.c); the third tier does that in its own program. */
static void choose_watchers(struct sluice_bpf *s, enum kernel_tier tier)
{
	struct bpf_program *prog;

	/* Which system calls there are depends on the architecture. */
	bpf_object__for_each_program(prog, s->obj)
		if (strncmp(bpf_program__section_name(prog), "fexit/", strlen("fexit/")) == 0)
			load_if_present(prog, tier != KERNEL_TIER_SYS_EXIT);
	load_if_present(s->progs.mount_ns_put, tier != KERNEL_TIER_SYS_EXIT);
}

/* Sockets of other families than IP. */
static void choose_sockets(struct sluice_bpf *s, enum kernel_tier tier, bool network)
{
	static const char *const funcs[] = { "security_socket_create", "security_tun_dev_attach" };
	bool exists[ARRAY_SIZE(funcs)] = { 0 };

	if (network && tier == KERNEL_TIER_FMOD_RET)
		probe_btf_funcs(funcs, exists, ARRAY_SIZE(funcs));
	bpf_program__set_autoload(s->progs.socket_create_lsm, network && tier == KERNEL_TIER_LSM);
	bpf_program__set_autoload(s->progs.tun_attach_lsm, network && tier == KERNEL_TIER_LSM);
	bpf_program__set_autoload(s->progs.socket_create_fmod_ret, exists[0]);
	bpf_program__set_autoload(s->progs.tun_attach_fmod_ret, exists[1]);
	bpf_program__set_autoload(s->progs.exec_with_sockets, network);
	load_if_present(s->progs.socket_received, network && tier != KERNEL_TIER_SYS_EXIT);
	bpf_program__set_autoload(s->progs.sockets_sys_exit, network && tier == KERNEL_TIER_SYS_EXIT);
	bpf_program__set_autoattach(s->progs.sockets_sys_exit, false);
}

/* Switches programs on by tier and by what this kernel has. */
static void choose_programs(struct kernel *k, enum kernel_tier tier, bool network)
{
	struct sluice_bpf *s = k->skel;
	static const char *const receive_func = "security_file_receive";
	static const char *const path_funcs[] = { "security_path_link", "security_path_rename", "security_path_unlink" };
	bool opens = k->compiled->inspect_rules || k->compiled->spools;
	bool exists[1] = { 0 }, path_exists[ARRAY_SIZE(path_funcs)] = { 0 };

	bpf_program__set_autoload(s->progs.file_open_lsm, tier == KERNEL_TIER_LSM);
	bpf_program__set_autoload(s->progs.file_open_fmod_ret, tier == KERNEL_TIER_FMOD_RET);
	bpf_program__set_autoload(s->progs.file_open_sys_exit, tier == KERNEL_TIER_SYS_EXIT);
	bpf_program__set_autoload(s->progs.file_received_lsm, tier == KERNEL_TIER_LSM);
	probe_btf_funcs(&receive_func, exists, 1);
	bpf_program__set_autoload(s->progs.file_received_fmod_ret, tier == KERNEL_TIER_FMOD_RET && exists[0]);
	bpf_program__set_autoload(s->progs.link_lsm, tier == KERNEL_TIER_LSM);
	bpf_program__set_autoload(s->progs.rename_lsm, tier == KERNEL_TIER_LSM);
	probe_btf_funcs(path_funcs, path_exists, ARRAY_SIZE(path_funcs));
	bpf_program__set_autoload(s->progs.link_fmod_ret, tier == KERNEL_TIER_FMOD_RET && path_exists[0]);
	bpf_program__set_autoload(s->progs.rename_fmod_ret, tier == KERNEL_TIER_FMOD_RET && path_exists[1]);
	bpf_program__set_autoload(s->progs.unlink_lsm, tier == KERNEL_TIER_LSM);
	bpf_program__set_autoload(s->progs.rename_directory_lsm, tier == KERNEL_TIER_LSM && !k->no_moved);
	bpf_program__set_autoload(s->progs.rename_directory_fmod_ret,
				  tier == KERNEL_TIER_FMOD_RET && path_exists[1] && !k->no_moved);
	bpf_program__set_autoload(s->progs.unlink_fmod_ret, tier == KERNEL_TIER_FMOD_RET && path_exists[2]);
	/* What no rule asks for costs nothing. */
	bpf_program__set_autoload(s->progs.ptrace_access_lsm, tier == KERNEL_TIER_LSM && k->compiled->inspect_rules);
	bpf_program__set_autoload(s->progs.ptrace_access_fmod_ret, tier == KERNEL_TIER_FMOD_RET && k->compiled->inspect_rules);
	bpf_program__set_autoload(s->progs.peers_sys_exit, tier == KERNEL_TIER_SYS_EXIT && opens);
	bpf_program__set_autoload(s->progs.proc_open_lsm, tier == KERNEL_TIER_LSM && opens);
	bpf_program__set_autoload(s->progs.proc_open_fmod_ret, tier == KERNEL_TIER_FMOD_RET && opens);
	bpf_program__set_autoattach(s->progs.proc_open_lsm, false);
	bpf_program__set_autoattach(s->progs.proc_open_fmod_ret, false);
	bpf_program__set_autoattach(s->progs.peers_sys_exit, false);
	bpf_program__set_autoattach(s->progs.brokers_sys_exit, false);
	bpf_program__set_autoload(s->progs.unix_connect_lsm, tier == KERNEL_TIER_LSM && k->compiled->broker_rules);
	bpf_program__set_autoload(s->progs.unix_send_lsm, tier == KERNEL_TIER_LSM && k->compiled->broker_rules);
	bpf_program__set_autoload(s->progs.unix_connect_fmod_ret, tier == KERNEL_TIER_FMOD_RET && k->compiled->broker_rules);
	bpf_program__set_autoload(s->progs.unix_send_fmod_ret, tier == KERNEL_TIER_FMOD_RET && k->compiled->broker_rules);
	bpf_program__set_autoload(s->progs.brokers_sys_exit, tier == KERNEL_TIER_SYS_EXIT && k->compiled->broker_rules);
	load_if_present(s->progs.unit_send, tier != KERNEL_TIER_SYS_EXIT && compiled_starts_units(k->compiled));
	choose_watchers(s, tier);
	/* The third tier notes no renames. */
	load_if_present(s->progs.inode_ends, tier != KERNEL_TIER_SYS_EXIT);
	bpf_program__set_autoload(s->progs.connect4, network);
	bpf_program__set_autoload(s->progs.connect6, network);
	bpf_program__set_autoload(s->progs.sendmsg4, network);
	bpf_program__set_autoload(s->progs.sendmsg6, network);
	bpf_program__set_autoload(s->progs.skb_ingress, network);
	bpf_program__set_autoload(s->progs.skb_egress, network);
	bpf_program__set_autoload(s->progs.sock_release, network);
	bpf_program__set_autoload(s->progs.sock_create, network);
	choose_sockets(s, tier, network);
	bpf_program__set_autoload(s->progs.tcp_state, network);
}

/* The agent goes through the file hook itself; true if the hook counted it. */
static bool file_hook_runs(struct kernel *k, enum kernel_tier tier)
{
	static const enum sl_hook hooks[_KERNEL_TIER_MAX] = {
		[KERNEL_TIER_LSM] = SL_HOOK_FILE_LSM,
		[KERNEL_TIER_FMOD_RET] = SL_HOOK_FILE_FMOD_RET,
		[KERNEL_TIER_SYS_EXIT] = SL_HOOK_FILE_SYS_EXIT,
	};
	volatile __u64 *hits = &k->skel->bss->self_hits[hooks[tier]];
	uint64_t before = *hits;
	cleanup_close int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && *hits != before;
}

static void fork_something(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static bool fork_hook_runs(struct kernel *k)
{
	volatile __u64 *hits = &k->skel->bss->self_hits[SL_HOOK_FORK];
	uint64_t before = *hits;

	fork_something();
	return *hits != before;
}

/* The agent asks for the memory of a child of its own, and does not look at it. */
static bool inspect_hook_runs(struct kernel *k)
{
	volatile __u64 *hits = &k->skel->bss->self_hits[SL_HOOK_INSPECT];
	uint64_t before = *hits;
	pid_t pid = fork();
	char path[32];

	if (pid == 0) {
		for (;;)
			pause();
	}
	if (pid < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	close(open(path, O_RDONLY | O_CLOEXEC));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return *hits != before;
}

static bool connect_hook_runs(struct kernel *k)
{
	volatile __u64 *hits = &k->skel->bss->self_hits[SL_HOOK_CONNECT];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t before = *hits;

	/* A UDP connect sends nothing. */
	return fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof(to)), *hits != before);
}

/* True: it changed. */
static bool set_running(struct kernel *k, const char *subject, bool runs)
{
	struct kernel_row *row = kernel_row(k, subject);
	enum kernel_state state = runs ? KERNEL_SEEN : KERNEL_STOPPED;
	bool changed = row->state != state;

	row->state = state;
	return changed;
}

static bool open_hook_runs(struct kernel *k)
{
	return file_hook_runs(k, k->tier);
}

/* A run can be skipped on kernels that preempt programs (spare.c): that is not the end of a hook. */
static bool still_runs(struct kernel *k, bool (*probe)(struct kernel *k))
{
	bool runs = probe(k);

	for (int i = 1; !runs && i < PROOF_TRIES; i++) {
		usleep(1000);
		runs = probe(k);
	}
	return runs;
}

bool kernel_prove(struct kernel *k, bool *ret_changed)
{
	bool files = still_runs(k, open_hook_runs), guard = !k->guard_seen || still_runs(k, guard_runs);
	bool forks = still_runs(k, fork_hook_runs), connects = true;

	*ret_changed = set_running(k, "file opens", files);
	*ret_changed |= set_running(k, "process labels", forks);
	/* Only what has been seen to run can stop doing so. */
	if (kernel_row(k, "connections")->state >= KERNEL_SEEN) {
		connects = still_runs(k, connect_hook_runs);
		*ret_changed |= set_running(k, "connections", connects);
	}
	if (k->guard_seen)
		*ret_changed |= set_running(k, "self-protection", guard);
	k->about.stopped = !files + !forks + !connects + (k->guard_seen && !guard);
	if (*ret_changed)
		about_rows(k);
	return !k->about.stopped;
}

void kernel_stopped(const struct kernel *k, char *ret, size_t size)
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < k->rows_cnt && len < size; i++)
		if (k->rows[i].state == KERNEL_STOPPED)
			len += (size_t)snprintf(ret + len, size - len, "%s%s (%s)", len ? ", " : "", k->rows[i].subject, k->rows[i].how);
}

static void kernel_unload(struct kernel *k)
{
	ring_close(k->ring);
	k->ring = NULL;
	labels_unmap(k);
	if (k->skel)
		sluice_bpf__destroy(k->skel);
	k->skel = NULL;
}

static int put_more(struct kernel *k, uint32_t slot, const struct bpf_program *prog, struct errmsg *e)
{
	int fd = bpf_program__fd(prog);

	/* No rule asks for it. */
	if (fd < 0)
		return 0;
	if (bpf_map_update_elem(bpf_map__fd(k->skel->maps.more), &slot, &fd, BPF_ANY))
		return errmsg_set(e, -EOPNOTSUPP, "cannot set the program %s: %s", bpf_program__name(prog), strerror(errno));
	return 0;
}

/* Puts the programs that others hand over to where they look for them. */
static int fill_more(struct kernel *k, enum kernel_tier tier, struct errmsg *e)
{
	const struct sluice_bpf *s = k->skel;
	int err;

	if (tier == KERNEL_TIER_LSM)
		return put_more(k, SL_MORE_PEERS, s->progs.proc_open_lsm, e);
	if (tier == KERNEL_TIER_FMOD_RET)
		return put_more(k, SL_MORE_PEERS, s->progs.proc_open_fmod_ret, e);
	err = put_more(k, SL_MORE_PEERS, s->progs.peers_sys_exit, e);
	err = err ? err : put_more(k, SL_MORE_BROKERS, s->progs.brokers_sys_exit, e);
	return err ? err : put_more(k, SL_MORE_SOCKETS, s->progs.sockets_sys_exit, e);
}

/* Opens, sizes and loads the programs of a tier. */
static int load_tier(struct kernel *k, const struct kernel_config *config, enum kernel_tier tier, bool preempt_off,
		     bool *ret_preempt_off, struct errmsg *e)
{
	int err;

	probe_reset_log();
	k->refused = false;
	k->skel = sluice_bpf__open();
	if (!k->skel)
		return errmsg_set(e, -errno, "cannot open the BPF object: %s", strerror(errno));
	choose_programs(k, tier, !config->no_network);
	err = tables_size(k, config, e);
	if (err)
		return err;
	*ret_preempt_off = spares_choose(k, tier, preempt_off);
	guard_choose(k, tier, config->guard);
	k->skel->bss->live = k->older.fd[PIN_ABOUT] >= 0 ? SL_LIVE_NOT : SL_LIVE_LABELLED;
	err = sluice_bpf__load(k->skel);
	k->refused = err;
	if (err)
		return errmsg_set(e, err, "cannot load the BPF programs: %s: run `sluice doctor`", short_reason(err));
	return 0;
}

/* Loads with one tier for file opens, and attaches the tracing programs. */
static int try_tier(struct kernel *k, const struct kernel_config *config, enum kernel_tier tier, struct errmsg *e)
{
	bool preempt_off;
	int err = load_tier(k, config, tier, true, &preempt_off, e);

	/* Some kernels have that call, and let no function be called while it lasts. */
	if (err && preempt_off) {
		sluice_bpf__destroy(k->skel);
		k->skel = NULL;
		err = load_tier(k, config, tier, false, &preempt_off, e);
	}
	/* The largest program of all by far: rather without it than in a lower tier. */
	if (err && !k->no_moved && strstr(kernel_log(), "rename_directory")) {
		k->no_moved = true;
		sluice_bpf__destroy(k->skel);
		k->skel = NULL;
		err = load_tier(k, config, tier, preempt_off, &preempt_off, e);
	}
	if (err)
		return err;
	err = control_fill(k, config, e);
	err = err ? err : fill_more(k, tier, e);
	err = err ? err : tables_fill(k, e);
	err = err ? err : labels_map(k, e);
	err = err ? err : labels_fill_spares(k, e);
	if (err)
		return err;
	/* From the first moment on, forks are noted for the start scan. */
	k->skel->bss->starting = 1;
	err = sluice_bpf__attach(k->skel);
	k->refused = err;
	if (err)
		return errmsg_set(e, err, "cannot attach the BPF programs: %s: run `sluice doctor`", short_reason(err));
	/* Of programs on one function the one attached last runs first; of those on a tracepoint, the one attached first. */
	k->skel->bss->runs_first[SL_TWIN_FILE] = 1;
	k->skel->bss->runs_first[SL_TWIN_INSPECT] = 1;
	k->skel->bss->runs_first[SL_TWIN_SOCKET] = 1;
	guard_attach(k);
	if (!file_hook_runs(k, tier))
		return errmsg_set(e, -ENOTSUP, "%s is attached, but never runs", tier_hooks[tier]);
	return 0;
}

static void note_tier_failure(struct kernel *k, enum kernel_tier tier, const char *reason)
{
	struct kernel_row *row = kernel_row(k, "file opens");
	size_t len = strlen(row->reason);

	snprintf(row->reason + len, sizeof(row->reason) - len, "%s%s: %s", len ? "; " : "", tier_hooks[tier], reason);
}

/* Whether an empty program loads and attaches: a full one takes seconds until it is refused. 0, or why not. */
static int probe_tier(enum kernel_tier tier)
{
	switch (tier) {
	case KERNEL_TIER_LSM:
		return probe_hook(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_file_open");
	case KERNEL_TIER_FMOD_RET:
		return probe_hook(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, "security_file_open");
	case KERNEL_TIER_AUTO:
	case KERNEL_TIER_SYS_EXIT:
	case _KERNEL_TIER_MAX:
		break;
	}
	return 0;
}

int kernel_probe(enum kernel_tier *ret, struct errmsg *e)
{
	char list[256];
	bool listed = probe_lsm_listed(list, sizeof(list));
	int err;

	probe_capture_log();
	err = probe_floor(e);
	for (enum kernel_tier tier = KERNEL_TIER_LSM; !err && tier < _KERNEL_TIER_MAX; tier++) {
		if ((tier == KERNEL_TIER_LSM && !listed) || probe_tier(tier))
			continue;
		*ret = tier;
		break;
	}
	probe_btf_free();
	return err;
}

static int load_best_tier(struct kernel *k, const struct kernel_config *config, struct errmsg *e)
{
	enum kernel_tier first = config->tier ? config->tier : KERNEL_TIER_LSM;
	enum kernel_tier last = config->tier ? config->tier : KERNEL_TIER_SYS_EXIT;
	char list[256];
	bool listed = probe_lsm_listed(list, sizeof(list));
	int err = -EINVAL;

	for (enum kernel_tier tier = first; tier <= last; tier++) {
		if (tier == KERNEL_TIER_LSM && !listed && !config->tier) {
			note_tier_failure(k, tier, "bpf is not in the kernel's list of security modules");
			snprintf(kernel_row(k, "file opens")->remedy, sizeof(k->rows[0].remedy),
				 "boot with lsm=%.200s,bpf", list);
			continue;
		}
		probe_reset_log();
		err = probe_tier(tier);
		if (err)
			errmsg_set(e, err, "cannot load %s: %s: run `sluice doctor`", tier_hooks[tier], short_reason(err));
		else
			err = try_tier(k, config, tier, e);
		if (!err) {
			k->tier = tier;
			set_row(k, "file opens", KERNEL_SEEN, "%s", tier_hooks[tier]);
			return 0;
		}
		note_tier_failure(k, tier, err == -ENOTSUP ? "attached, but it never runs" : short_reason(err));
		kernel_unload(k);
	}
	/* We may: that was asked first. Whatever the kernel calls it (EPERM; EACCES, EINVAL, E2BIG of the verifier), it cannot, and the
	 * policy is not to blame. */
	return k->refused || err == -EPERM || err == -EACCES ? -EOPNOTSUPP : err;
}

/* The programs of a cgroup go together: the one looks at what the other noted. */
static size_t cgroup_programs(struct kernel *k, struct cgroup_program ret[CGROUP_PROGRAMS])
{
	struct sluice_bpf *s = k->skel;
	const struct cgroup_program all[] = {
		{ s->progs.connect4, &s->links.connect4, BPF_CGROUP_INET4_CONNECT },
		{ s->progs.connect6, &s->links.connect6, BPF_CGROUP_INET6_CONNECT },
		{ s->progs.sendmsg4, &s->links.sendmsg4, BPF_CGROUP_UDP4_SENDMSG },
		{ s->progs.sendmsg6, &s->links.sendmsg6, BPF_CGROUP_UDP6_SENDMSG },
		{ s->progs.skb_ingress, &s->links.skb_ingress, BPF_CGROUP_INET_INGRESS },
		{ s->progs.skb_egress, &s->links.skb_egress, BPF_CGROUP_INET_EGRESS },
		{ s->progs.sock_release, &s->links.sock_release, BPF_CGROUP_INET_SOCK_RELEASE },
		{ s->progs.sock_create, &s->links.sock_create, BPF_CGROUP_INET_SOCK_CREATE },
	};

	_Static_assert(ARRAY_SIZE(all) == CGROUP_PROGRAMS, "all of them");
	memcpy(ret, all, sizeof(all));
	return ARRAY_SIZE(all);
}

static void __attribute__((format(printf, 2, 3))) lose_connections(struct kernel *k, const char *why, ...)
{
	static const char *const subjects[] = { "connections", "datagrams", "bytes, TLS server names", "DNS answers", "sockets of no connection" };
	struct cgroup_program progs[CGROUP_PROGRAMS];
	size_t cnt = cgroup_programs(k, progs);
	struct kernel_row *row;
	va_list args;

	for (size_t i = 0; i < cnt; i++) {
		bpf_link__destroy(*progs[i].link);
		*progs[i].link = NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++)
		set_row(k, subjects[i], KERNEL_ABSENT, "-");
	row = kernel_row(k, subjects[0]);
	row->lost = true;
	va_start(args, why);
	vsnprintf(row->reason, sizeof(row->reason), why, args);
	va_end(args);
}

/* "exclusive program \"name\" (id 7)", of those that are attached here. */
static void describe_holder(int cgroup_fd, enum bpf_attach_type type, char *ret, size_t size)
{
	uint32_t id = 0, cnt = 1, flags = 0, len = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { 0 };
	cleanup_close int fd = -1;

	snprintf(ret, size, "an exclusive program");
	if (bpf_prog_query(cgroup_fd, type, 0, &flags, &id, &cnt) || !cnt)
		return;
	fd = bpf_prog_get_fd_by_id(id);
	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && info.name[0])
		snprintf(ret, size, "the exclusive program \"%.*s\" (id %u)", (int)sizeof(info.name), info.name, id);
	else
		snprintf(ret, size, "the exclusive program (id %u)", id);
}

/* Sockets that send without connecting. */
static void describe_sockets(struct kernel *k)
{
	static const char *const hooks[_KERNEL_TIER_MAX] = {
		[KERNEL_TIER_LSM] = "lsm/socket_create, tun_dev_attach",
		[KERNEL_TIER_FMOD_RET] = "fmod_ret/security_socket_create, security_tun_dev_attach",
		[KERNEL_TIER_SYS_EXIT] = "tp_btf/sys_exit",
	};

	set_row(k, "sockets of no connection", KERNEL_ATTACHED, "cgroup/sock_create; %s", hooks[k->tier]);
	if (k->tier == KERNEL_TIER_SYS_EXIT)
		snprintf(kernel_row(k, "sockets of no connection")->reason, sizeof(k->rows[0].reason),
			 "of other families than IP seen when the call has been made: a block kills; those that io_uring makes are not seen");
}

static int attach_cgroup(struct kernel *k, const struct kernel_config *config, struct errmsg *e)
{
	struct cgroup_program progs[CGROUP_PROGRAMS];
	size_t cnt = cgroup_programs(k, progs);
	bool root = !config->cgroup;
	char holder[96];

	if (config->no_network)
		return 0;
	k->cgroup_fd = root ? kernel_cgroup_root(e) : open(config->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->cgroup_fd < 0 && root)
		return k->cgroup_fd;
	if (k->cgroup_fd < 0)
		return errmsg_set(e, -errno, "cannot open cgroup %s: %s: give a directory of the cgroup v2 tree", config->cgroup,
				  strerror(errno));
	for (size_t i = 0; i < cnt; i++) {
		*progs[i].link = bpf_program__attach_cgroup(progs[i].prog, k->cgroup_fd);
		if (*progs[i].link)
			continue;
		if (errno != EPERM)
			return errmsg_set(e, !root && errno == EBADF ? -EINVAL : -errno, "cannot attach %s to %s: %s: give a directory of the cgroup v2 tree",
					  bpf_program__section_name(progs[i].prog), root ? "the cgroup root" : config->cgroup,
					  strerror(errno));
		/* We may: that was asked first. Files are watched all the same. */
		describe_holder(k->cgroup_fd, progs[i].type, holder, sizeof(holder));
		lose_connections(k, "%s holds %s of %.60s, and lets no other be attached beside it: connections are neither seen nor blocked",
				 holder, bpf_program__section_name(progs[i].prog), root ? "the cgroup root" : config->cgroup);
		snprintf(kernel_row(k, "connections")->remedy, sizeof(k->rows[0].remedy),
			 "find its owner (`bpftool cgroup tree`), and have it attach with BPF_F_ALLOW_MULTI; then start sluice again");
		return 0;
	}
	set_row(k, "connections", root && connect_hook_runs(k) ? KERNEL_SEEN : KERNEL_ATTACHED, "cgroup/connect4,6");
	set_row(k, "datagrams", KERNEL_ATTACHED, "cgroup/sendmsg4,6; skb/egress");
	set_row(k, "bytes, TLS server names", KERNEL_ATTACHED, "cgroup_skb, sock_release, inet_sock_set_state");
	set_row(k, "DNS answers", KERNEL_ATTACHED, "cgroup_skb/ingress");
	describe_sockets(k);
	if (!root) {
		snprintf(kernel_row(k, "connections")->reason, sizeof(k->rows[0].reason), "only processes below %.200s",
			 config->cgroup);
	} else if (k->cgroup_namespace) {
		struct kernel_row *row = kernel_row(k, "connections");

		row->lost = true;
		snprintf(row->reason, sizeof(row->reason), "this is a cgroup namespace (a container): connections are seen and blocked of "
			 "processes in its cgroups only, files of all processes");
		snprintf(row->remedy, sizeof(row->remedy), "start the container in the host's (--cgroupns=host)");
	}
	return 0;
}

/* Other processes: in the first two tiers a hook of their own, in the third the exit of the system calls. */
static void describe_peers(struct kernel *k)
{
	struct kernel_row *row;

	if (k->tier != KERNEL_TIER_SYS_EXIT) {
		set_row(k, "memory, environ of others", inspect_hook_runs(k) ? KERNEL_SEEN : KERNEL_ATTACHED, "%s",
			k->tier == KERNEL_TIER_LSM ? "lsm/ptrace_access_check" : "fmod_ret/security_ptrace_access_check");
		return;
	}
	set_row(k, "memory, environ of others", KERNEL_ATTACHED, "tp_btf/sys_exit");
	row = kernel_row(k, "memory, environ of others");
	snprintf(row->reason, sizeof(row->reason),
		 "seen when the call has been made: a block kills, what was read may be with another process by then, and a process "
		 "that PTRACE_ATTACH stopped stays so (kill -CONT)");
}

static void describe_moved(struct kernel *k)
{
	if (k->tier == KERNEL_TIER_SYS_EXIT || !k->no_moved)
		return;
	set_row(k, "renamed folders", KERNEL_ABSENT, "-");
	snprintf(kernel_row(k, "renamed folders")->reason, sizeof(k->rows[0].reason),
		 "the kernel's verifier refuses the program: what is below a renamed folder is what its new path says");
}

/* Daemons that work for whoever connects to them. */
static void describe_brokers(struct kernel *k)
{
	struct kernel_row *row = kernel_row(k, "brokers' sockets");

	if (!k->compiled->broker_rules) {
		set_row(k, "brokers' sockets", KERNEL_ABSENT, "-");
		snprintf(row->reason, sizeof(row->reason), "no rule is about brokers");
		return;
	}
	if (k->tier != KERNEL_TIER_SYS_EXIT) {
		set_row(k, "brokers' sockets", KERNEL_ATTACHED, "%s", k->tier == KERNEL_TIER_LSM ?
			"lsm/unix_stream_connect, unix_may_send" : "fmod_ret/security_unix_stream_connect, ...");
		return;
	}
	set_row(k, "brokers' sockets", KERNEL_ATTACHED, "tp_btf/sys_exit");
	snprintf(row->reason, sizeof(row->reason),
		 "seen when the call has been made: a block kills; datagrams without a connection and connects by io_uring are not seen");
}

/* Work that is handed to systemd. */
static void describe_units(struct kernel *k)
{
	struct kernel_row *row;

	if (!compiled_starts_units(k->compiled))
		return;
	row = kernel_row(k, "units asked of systemd");
	if (k->tier == KERNEL_TIER_SYS_EXIT || k->skel->links.unit_send) {
		set_row(k, "units asked of systemd", KERNEL_ATTACHED, "%s",
			k->tier == KERNEL_TIER_SYS_EXIT ? "tp_btf/sys_exit" : "fentry/unix_stream_sendmsg");
		return;
	}
	set_row(k, "units asked of systemd", KERNEL_ABSENT, "-");
	snprintf(row->reason, sizeof(row->reason), "function not in this kernel: what systemd runs for a session has no label");
}

/* What each choice does not see; said by `doctor` and the documents, so that no gap is a surprise. */
static void describe_limits(struct kernel *k)
{
	struct kernel_row *row;

	if (k->tier == KERNEL_TIER_SYS_EXIT) {
		set_row(k, "io_uring opens", KERNEL_ABSENT, "-");
		row = kernel_row(k, "io_uring opens");
		snprintf(row->reason, sizeof(row->reason), "an open by io_uring makes no system call, which is all this tier sees");
		snprintf(row->remedy, sizeof(row->remedy),
			 "use a kernel that takes lsm/ or fmod_ret/ programs, or set kernel.io_uring_disabled=2");
		set_row(k, "renames, mounts", KERNEL_ATTACHED, "tp_btf/sys_exit");
		row = kernel_row(k, "renames, mounts");
		snprintf(row->reason, sizeof(row->reason),
			 "a secret that is renamed stays one only if it was there at the start, in a home or a folder that the policy names");
	} else {
		set_row(k, "io_uring opens", KERNEL_ATTACHED, "%s", tier_hooks[k->tier]);
		set_row(k, "renames, mounts", k->skel->links.renamed && k->skel->links.mounted ? KERNEL_ATTACHED : KERNEL_ABSENT,
			"fexit/vfs_rename, path_mount");
		row = kernel_row(k, "renames, mounts");
		if (row->state == KERNEL_ABSENT)
			snprintf(row->reason, sizeof(row->reason),
				 "function not in this kernel: a cached verdict may outlive the rename of a directory");
	}
	set_row(k, "hard links", KERNEL_ATTACHED, "names in memory; homes, folders of patterns");
	snprintf(kernel_row(k, "hard links")->reason, sizeof(k->rows[0].reason),
		 "one made before the start is known once the secret's own name was used or found; homes are looked through to 8 folders "
		 "deep, 200,000 entries");
	set_row(k, "DNS over TLS, HTTPS, QUIC", KERNEL_ABSENT, "-");
	snprintf(kernel_row(k, "DNS over TLS, HTTPS, QUIC")->reason, sizeof(k->rows[0].reason),
		 "answers are read from port 53 only; hosts looked up elsewhere are known by the server name in their hello, by address range or "
		 "not at all. That a well-known resolver of this kind was asked is told (finding name-hidden)");
	if (k->tier == KERNEL_TIER_SYS_EXIT) {
		set_row(k, "blocking of file opens", KERNEL_ATTACHED, "kill (bpf_send_signal)");
		row = kernel_row(k, "blocking of file opens");
		snprintf(row->reason, sizeof(row->reason),
			 "the process is killed as the call returns; another process that shares its descriptors may be faster");
		snprintf(row->remedy, sizeof(row->remedy), "use a kernel that takes lsm/ or fmod_ret/ programs");
	} else {
		set_row(k, "blocking of file opens", KERNEL_ATTACHED, "deny (%s)", tier_hooks[k->tier]);
	}
	if (k->skel->links.connect4)
		set_row(k, "blocking of connections", KERNEL_ATTACHED, "deny (cgroup/connect4,6, sendmsg4,6), cut (skb/egress)");
}

int kernel_open(const struct kernel_config *config, struct kernel **ret, struct errmsg *e)
{
	cleanup_(kernel_closep) struct kernel *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	k->cgroup_fd = -1;
	k->compiled = config->compiled;
	k->pin_root = config->pin_root;
	k->reloading = config->reloading;
	for (int i = 0; i < _PIN_MAX; i++)
		k->older.fd[i] = -1;
	probe_capture_log();
	err = probe_floor(e);
	if (err)
		return err;
	k->cgroup_namespace = !host_join_cgroup_root();
	/* Another version's programs cannot be taken over, but they decide until these do. */
	err = k->pin_root ? pins_open(k->pin_root, &k->older, e) : -ENOENT;
	if (err && err != -ENOENT && err != -EPROTO)
		return err;
	kernel_row(k, "file opens");
	err = load_best_tier(k, config, e);
	probe_btf_free();
	if (err)
		return err;
	set_row(k, "process labels", fork_hook_runs(k) ? KERNEL_SEEN : KERNEL_ATTACHED, "tp_btf/sched_process_exec,fork,exit");
	err = attach_cgroup(k, config, e);
	if (err)
		return err;
	describe_peers(k);
	describe_brokers(k);
	describe_units(k);
	describe_moved(k);
	describe_limits(k);
	err = ring_open(bpf_map__fd(k->skel->maps.ring), bpf_map__fd(k->skel->maps.urgent), &k->ring);
	if (err)
		return errmsg_set(e, err, "cannot map the rings: %s", strerror(-err));
	err = about_fill(k);
	if (err)
		return errmsg_set(e, err, "cannot write what the programs are: %s", strerror(-err));
	*ret = take_ptr(k);
	return 0;
}

void kernel_close(struct kernel *k)
{
	if (!k)
		return;
	kernel_unload(k);
	pins_close(&k->older);
	if (k->cgroup_fd >= 0)
		close(k->cgroup_fd);
	free(k);
}

size_t kernel_rows(const struct kernel *k, const struct kernel_row **ret)
{
	*ret = k->rows;
	return k->rows_cnt;
}

bool kernel_sees_connections(const struct kernel *k)
{
	return k->skel->links.connect4 != NULL;
}

enum kernel_tier kernel_tier(const struct kernel *k)
{
	return k->tier;
}

enum policy_require kernel_tier_strength(enum kernel_tier tier)
{
	return tier == KERNEL_TIER_SYS_EXIT ? POLICY_REQUIRE_KILL : POLICY_REQUIRE_DENY;
}

enum policy_require kernel_strength(const struct kernel *k)
{
	return kernel_tier_strength(k->tier);
}

const char *kernel_strength_name(enum policy_require strength)
{
	static const char *const names[] = {
		[POLICY_REQUIRE_ALERT] = "alert", [POLICY_REQUIRE_KILL] = "kill", [POLICY_REQUIRE_DENY] = "deny",
	};

	return names[strength];
}

int kernel_fd(const struct kernel *k)
{
	return ring_fd(k->ring);
}

int kernel_consume(struct kernel *k, kernel_sink sink, void *arg)
{
	return ring_consume(k->ring, sink, arg);
}

void kernel_take_losses(struct kernel *k, uint64_t counters[_SL_LOSS_MAX])
{
	int cpus = libbpf_num_possible_cpus();
	cleanup_free uint64_t *values = calloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*values));

	for (uint32_t i = 0; values && cpus > 0 && i < _SL_LOSS_KERNEL_MAX; i++) {
		uint64_t sum = 0;

		if (bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.losses), &i, values))
			continue;
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += values[cpu];
		counters[i] += sum - k->losses[i];
		k->losses[i] = sum;
	}
	about_told(k, k->losses);
	k->losses_user[SL_LOSS_SKIPPED] += spares_skipped(k);
	for (size_t i = 0; i < _SL_LOSS_MAX; i++) {
		counters[i] += k->losses_user[i];
		k->losses_user[i] = 0;
	}
}
