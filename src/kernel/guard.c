/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: self-protection on the agent's side: which of its programs (bpf/guard.bpf.c) this kernel takes, and which files are the
 * agent's. Nothing here keeps the agent from starting: what cannot be protected is a line of `doctor` and a loss of that much.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guarded.h"
#include "kernel/internal.h"

#define SUBJECT "self-protection"

/* Hooks beyond this one that doctor counts: every guard_ program is one, guard2_ is the twin of one. */
static const char *hook_of(const struct bpf_program *prog)
{
	const char *name = bpf_program__name(prog);

	if (strncmp(name, "guard_", 6) == 0)
		return name + 6;
	return strncmp(name, "guard2_", 7) == 0 ? name + 7 : NULL;
}

static bool is_twin(const struct bpf_program *prog)
{
	return bpf_program__name(prog)[5] == '2';
}

static void note_missing(struct kernel *k, const char *hook)
{
	struct kernel_row *row = kernel_row(k, SUBJECT);
	size_t len = strlen(row->reason);

	row->state = KERNEL_ABSENT;
	snprintf(row->reason + len, sizeof(row->reason) - len, "%s%s", len ? ", " : "not on this kernel: ", hook);
}

/* The mount's idmap stands before the dentry: in the function since 6.0, in the hook since 6.9. */
static bool dentry_is_second(const struct btf *btf, const char *func)
{
	int id = btf__find_by_name_kind(btf, func, BTF_KIND_FUNC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	t = t ? btf__type_by_id(btf, t->type) : NULL;
	if (!t || !btf_is_func_proto(t) || !btf_vlen(t))
		return false;
	t = btf__type_by_id(btf, btf_params(t)[0].type);
	t = t && btf_is_ptr(t) ? btf__type_by_id(btf, t->type) : NULL;
	return !t || strcmp(btf__name_by_offset(btf, t->name_off), "dentry") != 0;
}

/* Puts one program on its hook, by the tier's way. False: this kernel does not have it. */
static bool choose_hook(struct bpf_program *prog, const char *hook, const struct btf *btf, enum kernel_tier tier)
{
	char func[64];

	snprintf(func, sizeof(func), "%s%s", tier == KERNEL_TIER_LSM ? "bpf_lsm_" : "security_", hook);
	if (btf__find_by_name_kind(btf, func, BTF_KIND_FUNC) <= 0)
		return false;
	if (tier == KERNEL_TIER_FMOD_RET)
		return true;
	return !bpf_program__set_type(prog, BPF_PROG_TYPE_LSM) && !bpf_program__set_expected_attach_type(prog, BPF_LSM_MAC) &&
	       !bpf_program__set_attach_target(prog, 0, hook);
}

void guard_choose(struct kernel *k, enum kernel_tier tier, bool on)
{
	static const uint32_t by[_KERNEL_TIER_MAX] = {
		[KERNEL_TIER_LSM] = SL_BY_LSM, [KERNEL_TIER_FMOD_RET] = SL_BY_FMOD_RET, [KERNEL_TIER_SYS_EXIT] = SL_BY_SYS_EXIT,
	};
	bool refuses = on && tier != KERNEL_TIER_SYS_EXIT;
	const struct btf *btf = refuses ? probe_btf() : NULL;
	struct sl_knobs *knobs = &k->skel->rodata->knobs;
	struct bpf_program *prog;
	struct stat st;

	kernel_row_clear(k, SUBJECT);
	knobs->guard = on ? by[tier] : SL_BY_NONE;
	knobs->guard_mnt_ns = stat("/proc/self/ns/mnt", &st) ? 0 : (uint32_t)st.st_ino;
	if (btf)
		knobs->guard_setattr_arg = dentry_is_second(btf, tier == KERNEL_TIER_LSM ? "bpf_lsm_inode_setattr" :
										     "security_inode_setattr");
	bpf_object__for_each_program(prog, k->skel->obj) {
		const char *hook = hook_of(prog);
		bool twin;

		if (!hook)
			continue;
		twin = is_twin(prog);
		bpf_program__set_autoattach(prog, false);
		bpf_program__set_autoload(prog, false);
		/* Programs on LSM hooks are never skipped. */
		if (!btf || (twin && (tier == KERNEL_TIER_LSM || !knobs->spares)))
			continue;
		if (choose_hook(prog, hook, btf, tier))
			bpf_program__set_autoload(prog, true);
		else if (!twin)
			note_missing(k, hook);
	}
}

bool guard_runs(struct kernel *k)
{
	volatile __u64 *hits = &k->skel->bss->self_hits[SL_HOOK_GUARD];
	uint64_t before = *hits;

	return !kill(getpid(), 0) && *hits != before;
}

void guard_attach(struct kernel *k)
{
	const struct sluice_bpf *s = k->skel;
	struct kernel_row *row;
	size_t cnt = 0;

	if (!s->rodata->knobs.guard)
		return;
	for (int i = 0; i < s->skeleton->prog_cnt; i++) {
		const struct bpf_prog_skeleton *p = &s->skeleton->progs[i];
		const char *hook = hook_of(*p->prog);

		if (!hook || bpf_program__fd(*p->prog) < 0)
			continue;
		*p->link = bpf_program__type(*p->prog) == BPF_PROG_TYPE_LSM ? bpf_program__attach_lsm(*p->prog) :
									       bpf_program__attach_trace(*p->prog);
		if (!*p->link)
			note_missing(k, hook);
		else
			cnt += !is_twin(*p->prog);
	}
	k->skel->bss->guard_sees_programs = s->links.guard_bpf_prog != NULL;
	row = kernel_row(k, SUBJECT);
	if (s->rodata->knobs.guard == SL_BY_SYS_EXIT) {
		row->state = KERNEL_ATTACHED;
		snprintf(row->how, sizeof(row->how), "kill (bpf_send_signal)");
		snprintf(row->reason, sizeof(row->reason), "only against bpf() and opening of the agent's files for writing, after "
			 "the call; not against signals, ptrace, freezing, mounts, removal and renaming");
		snprintf(row->remedy, sizeof(row->remedy), "use a kernel that takes lsm/ or fmod_ret/ programs");
		return;
	}
	snprintf(row->how, sizeof(row->how), "%s, %zu hooks", kernel_tier_name(s->rodata->knobs.guard == SL_BY_LSM ?
										      KERNEL_TIER_LSM : KERNEL_TIER_FMOD_RET), cnt);
	k->guard_seen = cnt && guard_runs(k);
	if (cnt)
		row->state = k->guard_seen ? KERNEL_SEEN : KERNEL_ATTACHED;
}

/* ---- the agent's files --------------------------------------------------------------------------------------------------- */

/*
 * The programs see the open and mark what was opened. The path is resolved once and without links: what is marked is what was looked at. 0,
 * -ENOENT and so on as open(2), -ENOSPC: it was not marked.
 */
static int mark(struct kernel *k, const char *path, uint32_t marks)
{
	cleanup_close int at = (int)syscall(SYS_openat2, AT_FDCWD, path,
					    &(struct open_how){ .flags = O_PATH | O_CLOEXEC,
								.resolve = strncmp(path, "/proc/self/fd/", 14) ? RESOLVE_NO_SYMLINKS : 0 },
					    sizeof(struct open_how));
	volatile __u64 *marked = &k->skel->bss->guard_marked;
	uint64_t before = *marked;
	struct stat st;
	int fd;

	if (at < 0 || fstat(at, &st))
		return -errno;
	/* Opening anything else (a pipe, a terminal) may have effects. */
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EINVAL;
	__atomic_store_n(&k->skel->bss->guard_mark, marks, __ATOMIC_SEQ_CST);
	fd = kernel_reopen(at, O_RDONLY);
	__atomic_store_n(&k->skel->bss->guard_mark, 0, __ATOMIC_SEQ_CST);
	if (fd < 0)
		return fd;
	close(fd);
	return *marked == before ? -ENOSPC : 0;
}

/* A path and the folders above it. */
static int mark_path(struct kernel *k, const char *path, uint32_t marks)
{
	cleanup_free char *real = realpath(path, NULL);
	int err;

	if (!real)
		return -errno;
	err = mark(k, real, marks);
	for (char *slash = strrchr(real, '/'); !err && slash; slash = strrchr(real, '/')) {
		*slash = '\0';
		err = mark(k, real[0] ? real : "/", SL_MARK_ABOVE);
	}
	return err;
}

/* Where a policy file's includes are looked for: its folder. Closed if it is the agent's alone. */
static int mark_folder(struct kernel *k, const char *file)
{
	cleanup_free char *real = realpath(file, NULL);
	char *slash = real ? strrchr(real, '/') : NULL;

	if (!slash)
		return real ? -EINVAL : -errno;
	*slash = '\0';
	return mark_path(k, real[0] ? real : "/", SL_MARK_LISTS);
}

/* The cgroups that hold the agent, in every hierarchy that is mounted whole. */
static void mark_cgroups(struct kernel *k)
{
	cleanup_fclose FILE *f = fopen("/proc/self/cgroup", "re");
	cleanup_free char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
		char dir[SL_PATH_MAX], where[SL_PATH_MAX / 2];
		cleanup_close int root = -1;

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		if (!controllers[1]) {
			/* Of version 2 there is always a root, mounted or not. */
			root = kernel_cgroup_root(NULL);
			snprintf(where, sizeof(where), "/proc/self/fd/%d", root);
		} else if (kernel_cgroup_mount(controllers + 1, where, sizeof(where))) {
			continue;
		}
		/* Up to the root of the hierarchy, which has no files that freeze or kill. */
		while (path[0] && path[1]) {
			int n = snprintf(dir, sizeof(dir), "%s%s", where, path);

			if (n > 0 && (size_t)n < sizeof(dir))
				mark(k, dir, SL_MARK_CGROUP | SL_MARK_ABOVE);
			*strrchr(path, '/') = '\0';
		}
	}
}

size_t kernel_guard(struct kernel *k, const char *const *files, size_t files_cnt, const char **ret_failed)
{
	static const struct {
		const char *path;
		uint32_t marks;
	} own[] = {
		{ "/etc/sluice", SL_MARK_CLOSED },
		{ "/var/lib/sluice", SL_MARK_CLOSED },
		{ "/run/sluice", SL_MARK_CLOSED },
		{ SLUICE_SHIPPED, SL_MARK_CLOSED },
		{ "/sys/fs/bpf", SL_MARK_ABOVE },
		{ "/proc/self/exe", SL_MARK_FILE },
		{ "/proc/sysrq-trigger", SL_MARK_FILE },
		{ "/etc/systemd/system/sluice.service", SL_MARK_FILE },
		{ "/etc/systemd/system/sluice.service.d", SL_MARK_CLOSED },
		{ "/run/systemd/system/sluice.service", SL_MARK_FILE },
		{ "/run/systemd/system/sluice.service.d", SL_MARK_CLOSED },
		{ "/usr/local/lib/systemd/system/sluice.service", SL_MARK_FILE },
		{ "/usr/lib/systemd/system/sluice.service", SL_MARK_FILE },
	};
	size_t failed = 0;

	if (!k->skel->rodata->knobs.guard)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(own) + files_cnt; i++) {
		bool given = i >= ARRAY_SIZE(own);
		const char *path = given ? files[i - ARRAY_SIZE(own)] : own[i].path;
		int err = mark_path(k, path, given ? SL_MARK_FILE : own[i].marks);

		if (given && !err)
			err = mark_folder(k, path);
		/* What is not there needs none; an output may be a pipe. */
		if (err && err != -ENOENT && err != -ENOTDIR && err != -EINVAL && !failed++)
			*ret_failed = path;
	}
	mark_cgroups(k);
	return failed;
}
