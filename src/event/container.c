/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the names that container engines give their cgroups. Pure. */
#include "event/container.h"

#include <string.h>

#include "base/cleanup.h"

#define ID_LEN 64

struct name {
	const char *s;
	size_t len;
};

static bool starts(struct name n, const char *prefix)
{
	return n.len > strlen(prefix) && !memcmp(n.s, prefix, strlen(prefix));
}

static bool ends(struct name n, const char *suffix)
{
	return n.len > strlen(suffix) && !memcmp(n.s + n.len - strlen(suffix), suffix, strlen(suffix));
}

static bool is(struct name n, const char *s)
{
	return n.len == strlen(s) && !memcmp(n.s, s, n.len);
}

static struct name without(struct name n, const char *prefix, const char *suffix)
{
	size_t skip = strlen(prefix);

	return (struct name){ n.s + skip, n.len - skip - strlen(suffix) };
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_id(struct name n)
{
	for (size_t i = 0; i < n.len; i++)
		if (hex_digit(n.s[i]) < 0)
			return false;
	return n.len == ID_LEN;
}

/* systemd's escape of one byte (\x2d) at s + i, if it stands for a byte that a name may have. */
static bool unescape(struct name s, size_t i, char *ret)
{
	int high, low;

	if (i + 4 > s.len || s.s[i] != '\\' || s.s[i + 1] != 'x')
		return false;
	high = hex_digit(s.s[i + 2]);
	low = hex_digit(s.s[i + 3]);
	if (high < 0 || low < 0 || !(high << 4 | low) || (high << 4 | low) == '/')
		return false;
	*ret = (char)(high << 4 | low);
	return true;
}

static bool put(struct name id, const char *engine, struct container *ret)
{
	size_t at = 0;

	for (size_t i = 0; i < id.len; i++) {
		char c = id.s[i];

		if (at == CONTAINER_ID_MAX)
			return false;
		if (unescape(id, i, &c))
			i += 3;
		ret->id[at++] = c;
	}
	ret->id[at] = '\0';
	ret->engine = engine;
	return at > 0;
}

/* <prefix><64 hex digits>, with ".scope" behind it where systemd made the cgroup. */
static bool put_engine(struct name n, struct container *ret)
{
	static const struct {
		const char *prefix, *engine;
	} engines[] = {
		/* Not "libpod-conmon-" and "crio-conmon-": that is the monitor, outside. */
		{ "docker-", "docker" },          { "libpod-payload-", "podman" }, { "libpod-", "podman" },   { "crio-", "cri-o" },
		{ "cri-containerd-", "containerd" }, { "containerd-", "containerd" },  { "nerdctl-", "nerdctl" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		struct name id;

		if (!starts(n, engines[i].prefix))
			continue;
		id = without(n, engines[i].prefix, ends(n, ".scope") ? ".scope" : "");
		if (is_id(id))
			return put(id, engines[i].engine, ret);
	}
	return false;
}

/* Machines of systemd: "machine-NAME.scope" of those started by hand, else a unit of theirs. */
static bool put_machine(struct name n, struct container *ret)
{
	/* A virtual machine is no container: what is in that scope is the program that runs it. */
	if (starts(n, "machine-") && ends(n, ".scope") && n.len > strlen("machine-.scope") && !starts(n, "machine-qemu"))
		return put(without(n, "machine-", ".scope"), "nspawn", ret);
	if (starts(n, "systemd-nspawn@") && ends(n, ".service") && n.len > strlen("systemd-nspawn@.service"))
		return put(without(n, "systemd-nspawn@", ".service"), "nspawn", ret);
	return false;
}

/* "kubepods-pod1.slice:cri-containerd:<id>": what runc makes of it without systemd. */
static bool put_colons(struct name n, struct container *ret)
{
	const char *colon = memrchr(n.s, ':', n.len);
	struct name id = { 0 }, engine;
	const char *before;

	if (!colon)
		return false;
	id = (struct name){ colon + 1, (size_t)(n.s + n.len - colon - 1) };
	before = memrchr(n.s, ':', (size_t)(colon - n.s));
	engine = (struct name){ before ? before + 1 : n.s, (size_t)(colon - (before ? before + 1 : n.s)) };
	if (!is_id(id))
		return false;
	return put(id, is(engine, "crio") ? "cri-o" : is(engine, "docker") ? "docker" : is(engine, "nerdctl") ? "nerdctl" :
		   is(engine, "libpod") ? "podman" : "containerd", ret);
}

/* Engines without systemd: a folder of theirs, and in it the id or the name alone. */
static bool put_below(struct name n, struct name parent, struct container *ret)
{
	if (is_id(n))
		return put(n, is(parent, "docker") ? "docker" : is(parent, "libpod_parent") || is(parent, "libpod") ? "podman" :
			   starts(parent, "pod") || starts(parent, "kubepods") ? "containerd" : "", ret);
	return is(parent, "lxc") && put(n, "lxc", ret);
}

static bool parse_name(struct name n, struct name parent, struct container *ret)
{
	if (starts(n, "lxc.payload."))
		return put(without(n, "lxc.payload.", ""), "lxc", ret);
	return put_engine(n, ret) || put_machine(n, ret) || put_colons(n, ret) || put_below(n, parent, ret);
}

bool container_parse(const char *cgroup, struct container *ret)
{
	struct name parent = { "", 0 };
	const char *end = cgroup + strlen(cgroup);

	/* From the root on, which comes last. */
	while (end > cgroup) {
		const char *slash = memrchr(cgroup, '/', (size_t)(end - cgroup));
		struct name n = { slash ? slash + 1 : cgroup, (size_t)(end - (slash ? slash + 1 : cgroup)) };

		if (n.len && parse_name(n, parent, ret))
			return true;
		parent = n;
		end = slash ? slash : cgroup;
	}
	return false;
}

size_t container_short(const struct container *c)
{
	size_t len = strlen(c->id);

	return is_id((struct name){ c->id, len }) ? CONTAINER_SHORT : len;
}

size_t cgroup_leaf(const char *cgroup)
{
	return strcspn(cgroup, "/");
}
