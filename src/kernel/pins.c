/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the folder of pinned program sets. What is taken over from one is in adopt.c. */
#include "kernel/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/internal.h"

static const char *const pin_names[_PIN_MAX] = {
	[PIN_MORE] = "more",
	[PIN_LABELS] = "labels",         [PIN_ALIASES] = "aliases",     [PIN_LOSSES] = "losses",
	[PIN_RING] = "ring",             [PIN_URGENT] = "urgent",       [PIN_TOOL_NAMES] = "tool_names",
	[PIN_SET_NAMES] = "set_names",   [PIN_CONTROL] = "control",     [PIN_FLOWS] = "flows",
	[PIN_ABOUT] = "about",
	[PIN_MEMORY] = "memory",
	[PIN_NAMES] = "net_names",
	[PIN_MOVED] = "moved",
	[PIN_ROOTS] = "roots",
	[PIN_COMBO_SETS] = "combo_sets",
	[PIN_EXCEPTIONS] = "exceptions",
	[PIN_LABEL_SPARES] = "label_spares",
};

#define SET_PATH 512
#define PIN_PATH (SET_PATH + 128)

/* Number of a set by the name of its folder; 0: not one. */
static uint32_t number_of(const char *name)
{
	char *end;
	unsigned long n = strtoul(name, &end, 10);

	return *name < '1' || *name > '9' || *end || n > UINT32_MAX ? 0 : (uint32_t)n;
}

/* Calls fn for each set below root until it returns other than 0. */
static int each_set(const char *root, int (*fn)(void *arg, uint32_t number), void *arg)
{
	DIR *dir = opendir(root);
	const struct dirent *d;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (d = readdir(dir)))
		if (number_of(d->d_name))
			r = fn(arg, number_of(d->d_name));
	closedir(dir);
	return r;
}

struct newest {
	const char *root;
	uint32_t whole, any;   /* largest numbers, 0 none */
};

static int see_set(void *arg, uint32_t number)
{
	struct newest *n = arg;
	char path[SET_PATH];

	snprintf(path, sizeof(path), "%s/%u/about", n->root, number);
	if (number > n->any)
		n->any = number;
	if (number > n->whole && !access(path, F_OK))
		n->whole = number;
	return 0;
}

static int get(const char *root, uint32_t number, enum pin pin)
{
	char path[SET_PATH];
	int fd;

	snprintf(path, sizeof(path), "%s/%u/%s", root, number, pin_names[pin]);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int pins_read_about(struct pins *p)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info), zero = 0;

	if (bpf_obj_get_info_by_fd(p->fd[PIN_ABOUT], &info, &len))
		return -errno;
	if (info.value_size != sizeof(p->about))
		return -EPROTO;
	if (bpf_map_lookup_elem(p->fd[PIN_ABOUT], &zero, &p->about))
		return -errno;
	return p->about.abi == SL_ABOUT_ABI ? 0 : -EPROTO;
}

int pins_open(const char *root, struct pins *ret, struct errmsg *e)
{
	struct newest n = { .root = root };
	int err = each_set(root, see_set, &n);

	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < _PIN_MAX; i++)
		ret->fd[i] = -1;
	if (err == -ENOENT || (!err && !n.whole))
		return -ENOENT;
	if (err)
		return errmsg_set(e, err, "cannot look into %s: %s", root, strerror(-err));
	ret->number = n.whole;
	ret->fd[PIN_ABOUT] = get(root, n.whole, PIN_ABOUT);
	err = ret->fd[PIN_ABOUT] < 0 ? ret->fd[PIN_ABOUT] : pins_read_about(ret);
	for (int i = 0; !err && i < _PIN_MAX; i++) {
		if (i == PIN_ABOUT)
			continue;
		ret->fd[i] = get(root, n.whole, (enum pin)i);
		err = ret->fd[i] < 0 ? ret->fd[i] : 0;
	}
	if (!err || err == -EPROTO)
		return err;
	pins_close(ret);
	return errmsg_set(e, err, "cannot open the programs pinned in %s/%u: %s", root, n.whole, strerror(-err));
}

void pins_close(struct pins *p)
{
	for (int i = 0; i < _PIN_MAX; i++) {
		if (p->fd[i] >= 0)
			close(p->fd[i]);
		p->fd[i] = -1;
	}
}

int pins_get_control(const struct pins *p, struct sl_control *ret)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(p->fd[PIN_CONTROL], &zero, ret) ? -errno : 0;
}

int pins_set_control(const struct pins *p, const struct sl_control *control)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(p->fd[PIN_CONTROL], &zero, control, BPF_ANY) ? -errno : 0;
}

/* Takes the mark first: whatever happens then, it is not taken for whole. */
static int remove_set(const char *root, uint32_t number)
{
	char path[SET_PATH];
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%u/about", root, number);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%u", root, number);
	dir = opendir(path);
	if (!dir)
		return -errno;
	for (const struct dirent *d; (d = readdir(dir));)
		if (d->d_name[0] != '.' && unlinkat(dirfd(dir), d->d_name, 0))
			err = -errno;
	closedir(dir);
	return rmdir(path) ? -errno : err;
}

struct removal {
	const char *root;
	uint32_t keep;
	int cnt;
};

static int remove_other(void *arg, uint32_t number)
{
	struct removal *r = arg;
	int err = number == r->keep ? 0 : remove_set(r->root, number);

	r->cnt += number != r->keep && !err;
	return err;
}

int pins_remove(const char *root, uint32_t keep, struct errmsg *e)
{
	struct removal r = { .root = root, .keep = keep };
	int err = each_set(root, remove_other, &r);

	if (err == -ENOENT)
		return 0;
	if (!err && !keep && rmdir(root) && errno != ENOTEMPTY)
		err = -errno;
	return err ? errmsg_set(e, err, "cannot remove what is pinned in %s: %s", root, strerror(-err)) : r.cnt;
}

struct found {
	const char *root;
	uint32_t *ids;
	size_t cnt, max;
};

static int find_programs(void *arg, uint32_t number)
{
	struct found *f = arg;
	char path[PIN_PATH];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%u", f->root, number);
	dir = opendir(path);
	if (!dir)
		return 0;
	for (const struct dirent *d; f->cnt < f->max && (d = readdir(dir));) {
		struct bpf_link_info info = { 0 };
		uint32_t len = sizeof(info);
		int fd;

		if (strncmp(d->d_name, "link_", 5))
			continue;
		snprintf(path, sizeof(path), "%s/%u/%.100s", f->root, number, d->d_name);
		fd = bpf_obj_get(path);
		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len))
			f->ids[f->cnt++] = info.prog_id;
		close(fd);
	}
	closedir(dir);
	return 0;
}

size_t pins_programs(const char *root, uint32_t *ret, size_t max)
{
	struct found f = { .root = root, .ids = ret, .max = max };

	each_set(root, find_programs, &f);
	return f.cnt;
}

/* Not its link: the kernel forgets a link's number before it takes it off. */
static bool program_exists(uint32_t id)
{
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

size_t pins_programs_gone(const uint32_t *ids, size_t cnt, int timeout_ms)
{
	size_t first = 0;

	while (first < cnt) {
		if (!program_exists(ids[first]))
			first++;
		else if (timeout_ms <= 0)
			break;
		else
			timeout_ms -= poll(NULL, 0, 10) ? 0 : 10;
	}
	return cnt - first;
}

/* ---- pinning --------------------------------------------------------------------------------------------------- */

static int pin_all(struct kernel *k, const char *dir, const char **ret_what)
{
	const struct bpf_map *const maps[_PIN_MAX] = {
		[PIN_MORE] = k->skel->maps.more,
		[PIN_LABELS] = k->skel->maps.labels,         [PIN_ALIASES] = k->skel->maps.aliases,
		[PIN_COMBO_SETS] = k->skel->maps.combo_sets,
		[PIN_LOSSES] = k->skel->maps.losses,         [PIN_RING] = k->skel->maps.ring,
		[PIN_URGENT] = k->skel->maps.urgent,         [PIN_TOOL_NAMES] = k->skel->maps.tool_names,
		[PIN_SET_NAMES] = k->skel->maps.set_names,   [PIN_CONTROL] = k->skel->maps.control,
		[PIN_FLOWS] = k->skel->maps.flows,           [PIN_ABOUT] = k->skel->maps.about,
		[PIN_MEMORY] = k->skel->maps.memory,
		[PIN_MOVED] = k->skel->maps.moved,
		[PIN_ROOTS] = k->skel->maps.roots,
		[PIN_NAMES] = k->skel->maps.net_names,
		[PIN_EXCEPTIONS] = k->skel->maps.exceptions,
		[PIN_LABEL_SPARES] = k->skel->maps.label_spares,
	};
	const struct bpf_object_skeleton *s = k->skel->skeleton;
	char path[PIN_PATH];

	for (int i = 0; i < s->prog_cnt; i++) {
		const struct bpf_link *link = *s->progs[i].link;

		if (!link)
			continue;
		*ret_what = s->progs[i].name;
		snprintf(path, sizeof(path), "%s/link_%s", dir, s->progs[i].name);
		if (bpf_obj_pin(bpf_link__fd(link), path))
			return -errno;
	}
	for (int i = 0; i < _PIN_MAX; i++) {
		*ret_what = pin_names[i];
		snprintf(path, sizeof(path), "%s/%s", dir, pin_names[i]);
		if (bpf_obj_pin(bpf_map__fd(maps[i]), path))
			return -errno;
	}
	return 0;
}

int pins_put(struct kernel *k, struct errmsg *e)
{
	struct newest n = { .root = k->pin_root };
	const char *what = "the folder";
	bool made = !mkdir(k->pin_root, 0700);
	char dir[SET_PATH];
	int err;

	if ((!made && errno != EEXIST) || each_set(k->pin_root, see_set, &n) < 0)
		return errmsg_set(e, -errno, "cannot make %s: %s: mount a BPF filesystem there (mount -t bpf bpf /sys/fs/bpf), or use "
				  "--no-pin", k->pin_root, strerror(errno));
	k->pin_number = n.any + 1;
	snprintf(dir, sizeof(dir), "%s/%u", k->pin_root, k->pin_number);
	err = mkdir(dir, 0700) ? -errno : pin_all(k, dir, &what);
	if (!err)
		return 0;
	remove_set(k->pin_root, k->pin_number);
	k->pin_number = 0;
	if (made)
		rmdir(k->pin_root);
	/* EPERM is the kernel's word for "no BPF filesystem". We are root: it is the configuration. */
	return errmsg_set(e, err == -EPERM ? -EINVAL : err, "cannot pin %s in %s: %s: is it a BPF filesystem? --no-pin does without", what, dir, strerror(-err));
}
