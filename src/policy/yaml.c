/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: YAML syntax, through libyaml's events. Knows nothing of policies. A file is text that someone may have
 * written to hurt: depth, size and the sum of all aliases are bounded while the tree grows, and an alias can only
 * name a node that is complete, so there are no cycles.
 */
#include "policy/yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "policy/policy_internal.h"

#define NODE_WEIGHT 16

struct anchor {
	char *name;
	struct ynode *node;
};

struct ydoc {
	struct ynode **nodes;  /* all, owned; the tree only points */
	size_t nodes_cnt, nodes_size;
	struct ynode *root;
};

struct parse {
	yaml_parser_t yaml;
	const struct policy_source *src;
	struct errmsg *e;
	struct ydoc *doc;
	struct anchor *anchors;
	size_t anchors_cnt;
};

#define QUOTE_HINT "a value that begins with *, &, !, @, %% or ` must be in quotes"

const char *ynode_kind_name(enum ynode_kind kind)
{
	switch (kind) {
	case YNODE_NULL:
		return "nothing";
	case YNODE_SCALAR:
		return "a value";
	case YNODE_LIST:
		return "a list";
	case YNODE_MAP:
		return "a mapping";
	}
	return "nothing";
}

static int error_at(struct parse *p, yaml_mark_t at, const char *text)
{
	return policy_source_error(p->e, p->src, (unsigned int)at.line + 1, (unsigned int)at.column + 1, -EINVAL, "%s",
				   text);
}

/* libyaml's own complaint. The commonest cause is a pattern such as **\/.env without quotes. */
static int syntax_error(struct parse *p)
{
	const char *context = p->yaml.context ? p->yaml.context : "";
	const char *problem = p->yaml.problem ? p->yaml.problem : "not YAML";
	yaml_mark_t at = p->yaml.problem_mark;
	bool quote = strstr(context, "alias") || strstr(context, "anchor") || strstr(context, "tag") ||
		     strstr(problem, "cannot start any token");
	bool tab = at.index < p->src->len && p->src->text[at.index] == '\t';

	if (p->yaml.error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->yaml.error == YAML_READER_ERROR) {
		/* The reader gives a byte offset instead of a mark. */
		at = (yaml_mark_t){ 0 };
		for (size_t i = 0; i < p->yaml.problem_offset && i < p->src->len; i++) {
			at.column++;
			if (p->src->text[i] == '\n') {
				at.line++;
				at.column = 0;
			}
		}
		return policy_source_error(p->e, p->src, (unsigned int)at.line + 1, (unsigned int)at.column + 1,
					   -EINVAL, "%s: the file must be UTF-8 text", problem);
	}
	if (tab)
		return error_at(p, at, "a tab stands where YAML wants spaces: indent with spaces");
	if (quote) {
		if (p->yaml.context_mark.line == at.line)
			at = p->yaml.context_mark;
		return policy_source_error(p->e, p->src, (unsigned int)at.line + 1, (unsigned int)at.column + 1,
					   -EINVAL, "not YAML: %s: " QUOTE_HINT, problem);
	}
	return policy_source_error(p->e, p->src, (unsigned int)at.line + 1, (unsigned int)at.column + 1, -EINVAL,
				   "not YAML: %s%s%s", context, *context ? ": " : "", problem);
}

static int next_event(struct parse *p, yaml_event_t *ret)
{
	if (!yaml_parser_parse(&p->yaml, ret))
		return syntax_error(p);
	return 0;
}

static struct ynode *node_new(struct parse *p, enum ynode_kind kind, yaml_mark_t at)
{
	struct ydoc *d = p->doc;
	struct ynode *n;

	if (d->nodes_cnt == d->nodes_size) {
		size_t size = d->nodes_size ? d->nodes_size * 2 : 64;
		struct ynode **nodes = reallocarray(d->nodes, size, sizeof(*nodes));

		if (!nodes)
			return NULL;
		d->nodes = nodes;
		d->nodes_size = size;
	}
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->kind = kind;
	n->line = (unsigned int)at.line + 1;
	n->column = (unsigned int)at.column + 1;
	n->weight = NODE_WEIGHT;
	d->nodes[d->nodes_cnt++] = n;
	return n;
}

static int node_add(struct parse *p, struct ynode *n, struct ynode *item, yaml_mark_t at)
{
	/* Grows at powers of two; `cnt` tells where the last growth was. */
	if (!(n->cnt & (n->cnt - 1))) {
		struct ynode **items = reallocarray(n->items, n->cnt ? n->cnt * 2 : 1, sizeof(*items));

		if (!items)
			return -ENOMEM;
		n->items = items;
	}
	n->items[n->cnt++] = item;
	n->weight += item->weight;
	if (n->weight > YAML_EXPANDED_MAX)
		return error_at(p, at, "the file is too large once its aliases (*name) are written out: use fewer");
	return 0;
}

static bool is_null(const char *s)
{
	return !*s || !strcmp(s, "~") || !strcmp(s, "null") || !strcmp(s, "Null") || !strcmp(s, "NULL");
}

static int read_scalar(struct parse *p, const yaml_event_t *ev, struct ynode **ret)
{
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	yaml_scalar_style_t style = ev->data.scalar.style;
	yaml_mark_t at = ev->start_mark;
	struct ynode *n;

	if (ev->data.scalar.tag)
		return error_at(p, at, "tags (!name) are not supported: a pattern that begins with ! must be in quotes");
	if (len > YAML_SCALAR_MAX)
		return error_at(p, at, "the value is longer than 4096 bytes");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\t')
			return error_at(p, at, "the value holds a control character: it can match nothing");
	if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		at.column++;
	n = node_new(p, style == YAML_PLAIN_SCALAR_STYLE && is_null(text) ? YNODE_NULL : YNODE_SCALAR, at);
	if (!n)
		return -ENOMEM;
	n->text = strdup(text);
	if (!n->text)
		return -ENOMEM;
	n->weight += len;
	*ret = n;
	return 0;
}

static int resolve_alias(struct parse *p, const yaml_event_t *ev, struct ynode **ret)
{
	const char *name = (const char *)ev->data.alias.anchor;

	for (size_t i = p->anchors_cnt; i-- > 0;) {
		if (strcmp(p->anchors[i].name, name))
			continue;
		*ret = p->anchors[i].node;
		return 0;
	}
	return policy_source_error(p->e, p->src, (unsigned int)ev->start_mark.line + 1,
				   (unsigned int)ev->start_mark.column + 1, -EINVAL,
				   "there is no anchor &%s before this alias: " QUOTE_HINT, name);
}

static int anchor_add(struct parse *p, const char *name, struct ynode *node, yaml_mark_t at)
{
	struct anchor *a;

	if (p->anchors_cnt == YAML_ANCHORS_MAX)
		return error_at(p, at, "more than 256 anchors (&name) in one file");
	a = reallocarray(p->anchors, p->anchors_cnt + 1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	p->anchors = a;
	a[p->anchors_cnt].name = strdup(name);
	if (!a[p->anchors_cnt].name)
		return -ENOMEM;
	a[p->anchors_cnt++].node = node;
	return 0;
}

static int read_node(struct parse *p, const yaml_event_t *ev, unsigned int depth, struct ynode **ret);

static int read_list(struct parse *p, struct ynode *list, unsigned int depth)
{
	for (;;) {
		yaml_event_t ev;
		struct ynode *item = NULL;
		bool end;
		int r = next_event(p, &ev);

		if (r < 0)
			return r;
		end = ev.type == YAML_SEQUENCE_END_EVENT;
		if (!end) {
			r = read_node(p, &ev, depth + 1, &item);
			if (r >= 0)
				r = node_add(p, list, item, ev.start_mark);
		}
		yaml_event_delete(&ev);
		if (r < 0 || end)
			return r;
	}
}

static int check_key(struct parse *p, const struct ynode *map, const struct ynode *key, yaml_mark_t at)
{
	if (key->kind != YNODE_SCALAR)
		return error_at(p, at, "a key must be a plain word");
	for (size_t i = 0; i < map->cnt; i += 2)
		if (!strcmp(map->items[i]->text, key->text))
			return policy_source_error(p->e, p->src, key->line, key->column, -EINVAL,
						   "'%.64s' is given twice, first in line %u: remove one", key->text,
						   map->items[i]->line);
	if (map->cnt / 2 >= YAML_KEYS_MAX)
		return error_at(p, at, "more than 4096 entries in one mapping");
	return 0;
}

static int read_map(struct parse *p, struct ynode *map, unsigned int depth)
{
	for (;;) {
		yaml_event_t ev;
		struct ynode *item = NULL;
		bool end;
		int r = next_event(p, &ev);

		if (r < 0)
			return r;
		end = ev.type == YAML_MAPPING_END_EVENT;
		if (!end) {
			r = read_node(p, &ev, depth + 1, &item);
			if (r >= 0 && map->cnt % 2 == 0)
				r = check_key(p, map, item, ev.start_mark);
			if (r >= 0)
				r = node_add(p, map, item, ev.start_mark);
		}
		yaml_event_delete(&ev);
		if (r < 0 || end)
			return r;
	}
}

static int read_collection(struct parse *p, const yaml_event_t *ev, unsigned int depth, struct ynode **ret)
{
	bool map = ev->type == YAML_MAPPING_START_EVENT;
	struct ynode *n;

	if (map ? ev->data.mapping_start.tag != NULL : ev->data.sequence_start.tag != NULL)
		return error_at(p, ev->start_mark, "tags (!name) are not supported: remove it");
	if (depth >= YAML_DEPTH_MAX)
		return error_at(p, ev->start_mark, "nested too deeply");
	n = node_new(p, map ? YNODE_MAP : YNODE_LIST, ev->start_mark);
	if (!n)
		return -ENOMEM;
	*ret = n;
	return map ? read_map(p, n, depth) : read_list(p, n, depth);
}

/* The node that begins with ev. */
static int read_node(struct parse *p, const yaml_event_t *ev, unsigned int depth, struct ynode **ret)
{
	const yaml_char_t *anchor = NULL;
	int r;

	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		return resolve_alias(p, ev, ret);
	case YAML_SCALAR_EVENT:
		anchor = ev->data.scalar.anchor;
		r = read_scalar(p, ev, ret);
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = ev->data.sequence_start.anchor;
		r = read_collection(p, ev, depth, ret);
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = ev->data.mapping_start.anchor;
		r = read_collection(p, ev, depth, ret);
		break;
	default:
		return error_at(p, ev->start_mark, "not YAML: a value is missing");
	}
	if (r >= 0 && anchor)
		r = anchor_add(p, (const char *)anchor, *ret, ev->start_mark);
	return r;
}

/* The stream: at most one document. An empty stream gets a null root. */
static int read_stream(struct parse *p)
{
	for (;;) {
		yaml_event_t ev;
		bool end;
		int r = next_event(p, &ev);

		if (r < 0)
			return r;
		end = ev.type == YAML_STREAM_END_EVENT;
		switch (ev.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
		case YAML_STREAM_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (p->doc->root)
				r = error_at(p, ev.start_mark,
					     "a second document begins here: one file holds one, remove the ---");
			break;
		default:
			r = read_node(p, &ev, 0, &p->doc->root);
			break;
		}
		if (r >= 0 && end && !p->doc->root) {
			p->doc->root = node_new(p, YNODE_NULL, ev.start_mark);
			if (!p->doc->root)
				r = -ENOMEM;
		}
		yaml_event_delete(&ev);
		if (r < 0 || end)
			return r;
	}
}

int ydoc_parse(const struct policy_source *src, struct ydoc **ret, struct errmsg *e)
{
	cleanup_(ydoc_freep) struct ydoc *doc = NULL;
	struct parse p = { .src = src, .e = e };
	size_t mark = 0;
	int r;

	if (src->len > YAML_TEXT_MAX)
		return policy_source_error(e, src, 0, 0, -EINVAL, "the file is larger than 4 MiB: split it, and include the parts");
	doc = calloc(1, sizeof(*doc));
	if (!doc || !yaml_parser_initialize(&p.yaml))
		return -ENOMEM;
	p.doc = doc;
	yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
	/* The byte order mark that some editors put in front of UTF-8. */
	if (src->len >= 3 && !memcmp(src->text, "\xef\xbb\xbf", 3))
		mark = 3;
	yaml_parser_set_input_string(&p.yaml, (const unsigned char *)src->text + mark, src->len - mark);
	r = read_stream(&p);
	yaml_parser_delete(&p.yaml);
	for (size_t i = 0; i < p.anchors_cnt; i++)
		free(p.anchors[i].name);
	free(p.anchors);
	if (r < 0)
		return r;
	*ret = take_ptr(doc);
	return 0;
}

const struct ynode *ydoc_root(const struct ydoc *d)
{
	return d->root;
}

void ydoc_free(struct ydoc *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->nodes_cnt; i++) {
		free(d->nodes[i]->text);
		free(d->nodes[i]->items);
		free(d->nodes[i]);
	}
	free(d->nodes);
	free(d);
}
