/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: which files make a policy, in which order, and their contents' hash. Included files apply before the file that
 * names them; a file met again is not read again. Sources are numbered as they are met, so the main file is 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "policy/policy_internal.h"
#include "policy/yaml.h"

#define LOAD_FILES_MAX 64  /* a site's policy has a handful */
#define LOAD_DEPTH_MAX 8
#define BUILTIN_DEV ((dev_t)-1) /* of no file */

struct load {
	struct policy *policy;
	struct errmsg *e;
	const struct policy_lists *lists;     /* files: what is not beside the including file is looked for there */
	const struct policy_source *sources;  /* memory: where includes are found; NULL: files */
	size_t sources_cnt;
	struct {
		dev_t dev;
		ino_t ino;
		bool open;                    /* its includes are being read: met again, it is a circle */
	} files[LOAD_FILES_MAX];              /* by source number */
	unsigned int depth;
};

/* One include as it was found. */
struct found {
	struct policy_source source;          /* owned until it is the policy's */
	dev_t dev;
	ino_t ino;
};

/* ---- files ----------------------------------------------------------------------------------------------------- */

/* Reads a whole regular file. -ENOENT, -EISDIR, -EFBIG, ...; text is NUL-terminated behind len. */
static int read_file(const char *name, struct found *ret)
{
	cleanup_close int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	cleanup_free char *text = NULL;
	size_t len = 0, size = 16384;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	text = malloc(size);
	if (!text)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, text + len, size - len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
		if (len > YAML_TEXT_MAX)
			return -EFBIG;
		if (len + 1 == size) {
			char *more = realloc(text, size * 2);

			if (!more)
				return -ENOMEM;
			text = more;
			size *= 2;
		}
	}
	text[len] = '\0';
	ret->source.name = strdup(name);
	if (!ret->source.name)
		return -ENOMEM;
	ret->source.text = take_ptr(text);
	ret->source.len = len;
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	return 0;
}

static const char *read_error(int err)
{
	switch (err) {
	case -EFBIG:
		return "it is larger than 4 MiB";
	case -EINVAL:
		return "it is not a regular file";
	default:
		return strerror(-err);
	}
}

/* The directory of `from`, then name; owned. */
static char *beside(const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');
	char *path;

	if (*name == '/' || !slash)
		return strdup(name);
	return asprintf(&path, "%.*s/%s", (int)(slash - from), from, name) < 0 ? NULL : path;
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

static bool names_end(const char *path, const char *name)
{
	size_t lp = strlen(path), ln = strlen(name);

	return lp > ln && path[lp - ln - 1] == '/' && !strcmp(path + lp - ln, name);
}

static int copy_source(const struct policy_source *s, struct policy_source *ret)
{
	cleanup_free char *name = strdup(s->name), *text = malloc(s->len + 1);

	if (!name || !text)
		return -ENOMEM;
	if (s->len)
		memcpy(text, s->text, s->len);
	text[s->len] = '\0';
	ret->name = take_ptr(name);
	ret->text = take_ptr(text);
	ret->len = s->len;
	ret->builtin = s->builtin;
	return 0;
}

/*
 * Sources of a recording carry the names under which they were found: beside the file that includes them, or in a
 * shipped directory that is not known here. They are in the order in which they were met, so of several with the same
 * last part the one that is due next is right.
 */
static int find_memory(struct load *l, const char *from, const char *name, struct policy_where w, struct found *ret)
{
	cleanup_free char *first = beside(from, name);
	const struct policy_source *hit = NULL;
	size_t due = l->policy->sources_cnt;

	if (!first)
		return -ENOMEM;
	for (size_t i = 0; i < l->sources_cnt && !hit; i++)
		if (!strcmp(l->sources[i].name, first))
			hit = &l->sources[i];
	for (size_t i = 0; i < l->sources_cnt && !hit; i++) {
		const struct policy_source *s = &l->sources[(due + i) % l->sources_cnt];

		if (!strcmp(s->name, name) || names_end(s->name, name))
			hit = s;
	}
	if (!hit)
		return policy_error(l->e, l->policy, w, -ENOENT, "cannot include '%s': it is not among the sources given", name);
	ret->ino = (ino_t)(hit - l->sources);
	return copy_source(hit, &ret->source);
}

/* ---- files, then what is built in --------------------------------------------------------------------------------- */

/* One of the lists that the program carries. */
static int find_builtin(struct load *l, const char *name, struct found *ret)
{
	size_t skip = strlen(POLICY_BUILTIN);

	for (size_t i = 0; i < l->lists->builtin_cnt; i++) {
		if (strcmp(l->lists->builtin[i].name + skip, name))
			continue;
		ret->dev = BUILTIN_DEV;
		ret->ino = (ino_t)i;
		return copy_source(&l->lists->builtin[i], &ret->source);
	}
	return -ENOENT;
}

static int find_file(struct load *l, const struct policy_source *from, const char *name, struct policy_where w, struct found *ret)
{
	cleanup_free char *first = beside(from->name, name), *second = NULL;
	const char *at = first;
	int r;

	if (!first)
		return -ENOMEM;
	r = from->builtin ? -ENOENT : read_file(first, ret);
	if (r == -ENOENT && !from->builtin && l->lists->dir && *name != '/') {
		if (asprintf(&second, "%s/%s", l->lists->dir, name) < 0) {
			second = NULL;
			return -ENOMEM;
		}
		at = second;
		r = read_file(second, ret);
	}
	if (r == -ENOENT)
		r = find_builtin(l, name, ret);
	if (r == -ENOENT && second)
		return policy_error(l->e, l->policy, w, r, "cannot include '%s': there is neither %s nor %s, and no list of that name is "
				    "built in: correct the name", name, first, second);
	if (r < 0 && r != -ENOMEM)
		return policy_error(l->e, l->policy, w, r, "cannot include '%s': %s: %s", name, at, read_error(r));
	return r;
}

/* ---- order ----------------------------------------------------------------------------------------------------- */

static int load_source(struct load *l, struct found *f);

static int load_include(struct load *l, unsigned int from, const char *name, struct policy_where w)
{
	struct policy *p = l->policy;
	struct found f = { 0 };
	int r;

	if (l->sources)
		r = find_memory(l, p->sources[from].name, name, w, &f);
	else
		r = find_file(l, &p->sources[from], name, w, &f);
	for (size_t i = 0; r >= 0 && i < p->sources_cnt; i++) {
		if (l->files[i].dev != f.dev || l->files[i].ino != f.ino)
			continue;
		if (l->files[i].open)
			r = policy_error(l->e, p, w, -ELOOP, "'%s' includes itself, directly or through others: remove this",
					 p->sources[i].name);
		policy_source_done(&f.source);
		return r < 0 ? r : 0;
	}
	if (r >= 0 && p->sources_cnt == LOAD_FILES_MAX)
		r = policy_error(l->e, p, w, -E2BIG, "more than %d files", LOAD_FILES_MAX);
	if (r >= 0 && l->depth == LOAD_DEPTH_MAX)
		r = policy_error(l->e, p, w, -E2BIG, "files include each other more than %d deep", LOAD_DEPTH_MAX);
	if (r < 0) {
		policy_source_done(&f.source);
		return r;
	}
	return load_source(l, &f);
}

/* Takes f's source: it is the policy's or freed afterwards. */
static int load_source(struct load *l, struct found *f)
{
	struct policy *p = l->policy;
	struct policy_source *sources = reallocarray(p->sources, p->sources_cnt + 1, sizeof(*sources));
	cleanup_(ydoc_freep) struct ydoc *doc = NULL;
	struct policy_strings includes = { 0 };
	unsigned int self = (unsigned int)p->sources_cnt;
	int r;

	if (!sources) {
		policy_source_done(&f->source);
		return -ENOMEM;
	}
	p->sources = sources;
	sources[p->sources_cnt++] = f->source;
	l->files[self].dev = f->dev;
	l->files[self].ino = f->ino;
	l->files[self].open = true;
	l->depth++;

	r = ydoc_parse(&p->sources[self], &doc, l->e);
	if (r >= 0)
		r = yaml_policy_includes(p, self, ydoc_root(doc), &includes, l->e);
	for (size_t i = 0; r >= 0 && i < includes.cnt; i++)
		r = load_include(l, self, includes.v[i], includes.where[i]);
	policy_strings_done(&includes);
	if (r >= 0)
		r = yaml_policy_apply(p, self, ydoc_root(doc), l->e);
	l->depth--;
	l->files[self].open = false;
	return r;
}

/* Directories are left out of the names: the same files are the same policy wherever they lie. */
static void hash_sources(struct policy *p)
{
	uint8_t sum[SHA256_SIZE];
	struct sha256 s;
	size_t at;

	sha256_init(&s);
	for (size_t i = 0; i < p->sources_cnt; i++) {
		const struct policy_source *src = &p->sources[i];
		const char *slash = strrchr(src->name, '/');
		const char *base = slash ? slash + 1 : src->name;
		char len[32];

		sha256_add(&s, base, strlen(base) + 1);
		sha256_add(&s, len, (size_t)snprintf(len, sizeof(len), "%zu", src->len) + 1);
		sha256_add(&s, src->text, src->len);
	}
	sha256_end(&s, sum);
	at = (size_t)snprintf(p->hash, sizeof(p->hash), "sha256:");
	for (size_t i = 0; i < sizeof(sum); i++)
		at += (size_t)snprintf(p->hash + at, sizeof(p->hash) - at, "%02x", sum[i]);
}

/* Loads from the main file on; takes it. */
static int load(struct load *l, struct found *main_file, struct policy **ret)
{
	cleanup_(policy_freep) struct policy *p = calloc(1, sizeof(*p));
	int r;

	if (!p) {
		policy_source_done(&main_file->source);
		return -ENOMEM;
	}
	p->mode = POLICY_MONITOR;
	p->require = POLICY_REQUIRE_ALERT;
	l->policy = p;
	r = load_source(l, main_file);
	if (r >= 0)
		r = policy_check_references(p, l->e);
	if (r >= 0)
		r = policy_add_builtin(p);
	if (r < 0)
		return r;
	hash_sources(p);
	*ret = take_ptr(p);
	return 0;
}

int policy_load(const char *path, const struct policy_lists *lists, struct policy **ret, struct errmsg *e)
{
	struct load l = { .e = e, .lists = lists };
	struct found f = { 0 };
	int r;

	if (e)
		*e = (struct errmsg){ 0 };
	r = read_file(path, &f);
	if (r < 0 && r != -ENOMEM) {
		if (e)
			snprintf(e->file, sizeof(e->file), "%s", path);
		return errmsg_set(e, r, "cannot read the policy: %s", read_error(r));
	}
	if (r >= 0)
		r = load(&l, &f, ret);
	return r == -ENOMEM ? errmsg_set(e, r, "cannot load the policy: out of memory") : r;
}

int policy_load_sources(const struct policy_source *sources, size_t cnt, struct policy **ret, struct errmsg *e)
{
	struct load l = { .e = e, .sources = sources, .sources_cnt = cnt };
	struct found f = { 0 };
	int r;

	if (e)
		*e = (struct errmsg){ 0 };
	if (!cnt)
		return errmsg_set(e, -EINVAL, "cannot load the policy: no source was given");
	r = copy_source(&sources[0], &f.source);
	if (r >= 0)
		r = load(&l, &f, ret);
	return r == -ENOMEM ? errmsg_set(e, r, "cannot load the policy: out of memory") : r;
}
