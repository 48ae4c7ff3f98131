/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * YAML text to a tree of nodes that know their place. One document; mappings with duplicate keys, explicit tags and
 * anything beyond the bounds below are refused. An alias is the very node of its anchor (the tree is a graph
 * without cycles), so a reader pays for what it visits: that sum is what YAML_EXPANDED_MAX bounds.
 */
#ifndef SLUICE_POLICY_YAML_H
#define SLUICE_POLICY_YAML_H

#include "policy/policy.h"

#define YAML_TEXT_MAX (4u << 20)      /* bytes of one file; the shipped lists have tens of kilobytes */
#define YAML_EXPANDED_MAX (16u << 20) /* bytes with every alias written out, 16 counted for each node */
#define YAML_SCALAR_MAX 4096          /* bytes of one value: no path pattern can be longer */
#define YAML_DEPTH_MAX 16             /* the grammar needs six */
#define YAML_KEYS_MAX 4096            /* entries of one mapping; each is compared with those before it */
#define YAML_ANCHORS_MAX 256          /* anchors of one file; they are looked up one by one */

enum ynode_kind { YNODE_NULL = 1, YNODE_SCALAR, YNODE_LIST, YNODE_MAP };

struct ynode {
	enum ynode_kind kind;
	unsigned int line, column;  /* from 1; of a quoted scalar: its first character, behind the quote */
	char *text;                 /* scalar, also a null: as written; no NUL inside, UTF-8 */
	struct ynode **items;       /* list: values; map: key, value, key, value; keys are scalars */
	size_t cnt;                 /* of items */
	size_t weight;              /* this node and all below it, aliases written out */
};

struct ydoc;

/* -EINVAL with the place in e, -ENOMEM. *ret untouched on failure; the root may be YNODE_NULL (an empty file). */
int ydoc_parse(const struct policy_source *src, struct ydoc **ret, struct errmsg *e);
const struct ynode *ydoc_root(const struct ydoc *d);
void ydoc_free(struct ydoc *d);
DEFINE_FREEP(struct ydoc, ydoc_free)

/* "a list", "a mapping", "a value", "nothing": for messages. */
const char *ynode_kind_name(enum ynode_kind kind);

#endif /* SLUICE_POLICY_YAML_H */
