/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: time-boxed exceptions (exception.h) on the agent's side: what the command asked for is made, and what is over is told. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/internal.h"

int pins_get_exception(const struct pins *p, uint32_t slot, struct sl_exception *ret)
{
	return bpf_map_lookup_elem(p->fd[PIN_EXCEPTIONS], &slot, ret) ? -errno : 0;
}

int pins_set_exception(const struct pins *p, uint32_t slot, const struct sl_exception *e)
{
	return bpf_map_update_elem(p->fd[PIN_EXCEPTIONS], &slot, e, BPF_ANY) ? -errno : 0;
}

static int number_of(const struct kernel *k, const char *name, uint32_t *ret)
{
	*ret = 0;
	if (!name[0])
		return 0;
	for (uint32_t i = 1; i < k->compiled->tools_cnt; i++) {
		if (strncmp(compiled_tool(k->compiled, i)->name, name, SL_EXCEPTION_TOOL - 1) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -ENOENT;
}

/* Has the kernel note which file it is: the one that the command opened, whatever its path leads to by now. The entry is in the map as it is
 * then. */
static int note(struct kernel *k, int map, uint32_t slot, struct sl_exception *e)
{
	cleanup_close int path = (int)syscall(SYS_openat2, AT_FDCWD, e->path,
					      &(struct open_how){ .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
								  .resolve = RESOLVE_NO_SYMLINKS }, sizeof(struct open_how));
	struct stat st;
	int fd;

	if (path < 0 || fstat(path, &st))
		return errno == ELOOP ? -ESTALE : -errno;
	if (!S_ISREG(st.st_mode) || st.st_dev != e->st_dev || st.st_ino != e->st_ino)
		return -ESTALE;
	k->skel->bss->exceptions_used = 1;
	k->skel->bss->exception_mark = slot + 1;
	fd = kernel_reopen(path, O_RDONLY);
	k->skel->bss->exception_mark = 0;
	if (fd < 0)
		return fd;
	close(fd);
	if (bpf_map_lookup_elem(map, &slot, e))
		return -errno;
	return e->state == SL_EXCEPTION_ACTIVE ? 0 : -EIO;
}

static void make(struct kernel *k, int map, uint32_t slot, struct sl_exception *e)
{
	int err = number_of(k, e->tool_name, &e->tool);

	e->state = SL_EXCEPTION_NOTING;
	if (!err)
		err = bpf_map_update_elem(map, &slot, e, BPF_ANY) ? -errno : note(k, map, slot, e);
	if (!err)
		return;
	e->state = SL_EXCEPTION_FAILED;
	e->error = -err;
	bpf_map_update_elem(map, &slot, e, BPF_ANY);
}

static void describe(const struct sl_exception *e, const char *what, char *text, size_t size)
{
	const char *tool = e->tool_name[0] ? e->tool_name : "any tool";

	if (e->state == SL_EXCEPTION_ACTIVE)
		snprintf(text, size, "%.*s %s by %.*s for %llu s, says uid %u", SL_EXCEPTION_PATH, e->path, what, SL_EXCEPTION_TOOL, tool,
			 (unsigned long long)((e->until_ns - kernel_now_ns()) / 1000000000u), e->uid);
	else
		snprintf(text, size, "%.*s %s (%.*s)", SL_EXCEPTION_PATH, e->path, what, SL_EXCEPTION_TOOL, tool);
}

int kernel_allow(struct kernel *k, struct sl_exception *e, char *text, size_t size)
{
	int map = bpf_map__fd(k->skel->maps.exceptions);
	struct sl_exception there;
	uint32_t slot = 0;

	/* The end of one that is over is still to be emitted. */
	while (slot < SL_EXCEPTIONS_MAX && !bpf_map_lookup_elem(map, &slot, &there) && there.state != SL_EXCEPTION_FREE &&
	       there.state != SL_EXCEPTION_FAILED)
		slot++;
	if (slot == SL_EXCEPTIONS_MAX)
		return -ENOSPC;
	make(k, map, slot, e);
	describe(e, e->state == SL_EXCEPTION_ACTIVE ? "may be opened" : "cannot be excepted", text, size);
	return e->state == SL_EXCEPTION_ACTIVE ? 0 : -e->error;
}

/* What is worth telling of a slot, if anything; it is brought up to date. */
static bool see(int map, uint32_t slot, char *text, size_t size)
{
	struct sl_exception e;
	uint64_t now = kernel_now_ns();

	if (bpf_map_lookup_elem(map, &slot, &e))
		return false;
	/* Whoever is root can write there. */
	e.path[sizeof(e.path) - 1] = e.tool_name[sizeof(e.tool_name) - 1] = '\0';
	if (e.state != SL_EXCEPTION_ENDED && (e.state != SL_EXCEPTION_ACTIVE || e.until_ns > now))
		return false;
	e.state = SL_EXCEPTION_FREE;
	bpf_map_update_elem(map, &slot, &e, BPF_ANY);
	describe(&e, "is blocked again", text, size);
	return true;
}

int kernel_exceptions(struct kernel *k, int (*tell)(void *arg, const char *text), void *arg)
{
	char text[SL_EXCEPTION_PATH + SL_EXCEPTION_TOOL + 128];
	int map = bpf_map__fd(k->skel->maps.exceptions), err = 0;

	for (uint32_t slot = 0; slot < SL_EXCEPTIONS_MAX && !err; slot++)
		if (see(map, slot, text, sizeof(text)))
			err = tell(arg, text);
	return err;
}

void exceptions_adopt(struct kernel *k)
{
	struct sl_exception e;

	for (uint32_t slot = 0; slot < SL_EXCEPTIONS_MAX && k->older.fd[PIN_EXCEPTIONS] >= 0; slot++) {
		if (pins_get_exception(&k->older, slot, &e) || e.state == SL_EXCEPTION_FREE || e.state == SL_EXCEPTION_FAILED)
			continue;
		/* A tool that the new policy does not have: nothing that it allows. */
		if (number_of(k, e.tool_name, &e.tool))
			e.state = SL_EXCEPTION_ENDED;
		k->skel->bss->exceptions_used = 1;
		if (bpf_map_update_elem(bpf_map__fd(k->skel->maps.exceptions), &slot, &e, BPF_ANY))
			k->losses_user[SL_LOSS_ALIAS]++;
	}
}
