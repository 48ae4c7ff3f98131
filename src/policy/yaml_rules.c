/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the grammar of rules, and where a rule goes among those of included files. */
#include <errno.h>
#include <string.h>

#include "policy/yaml_values.h"

LIST_LAYOUT(struct policy_connect, cidrs, cidrs_cnt, y_cidr_list);
LIST_LAYOUT(struct policy_connect, ports, ports_cnt, y_port_list);

static const struct ychoice severities[] = {
	{ "info", 0 }, { "low", 0 }, { "medium", 0 }, { "high", 0 }, { "critical", 0 }, { 0 },
};
static const struct ychoice actions[] = {
	{ "allow", SL_ACTION_ALLOW }, { "log", SL_ACTION_LOG }, { "alert", SL_ACTION_ALERT },
	{ "block", SL_ACTION_BLOCK }, { 0 },
};
static const struct ychoice tells[] = { { "tty", POLICY_TELL_TTY }, { 0 } };
static const struct ychoice readers[] = {
	{ "self", SL_READER_SELF },
	{ "startup", SL_READER_STARTUP },
	{ "generic", SL_READER_GENERIC },
	{ "interpreter", SL_READER_INTERPRETER },
	{ "purpose-built", SL_READER_PURPOSE },
	{ "improvised", SL_READER_IMPROVISED },
	{ "looking", SL_READER_LOOKING },
	{ "sweep", SL_READER_SWEEP },
	{ "other", SL_READER_OTHER },
	{ 0 },
};

static const struct ychoice protos[] = { { "tcp", SL_NET_STREAM }, { "udp", SL_NET_DATAGRAM }, { 0 } };

static const struct ychoice sockets[] = {
	{ "raw", SL_SOCKET_RAW },     { "icmp", SL_SOCKET_ICMP },           { "packet", SL_SOCKET_PACKET }, { "sctp", SL_SOCKET_SCTP },
	{ "vsock", SL_SOCKET_VSOCK }, { "bluetooth", SL_SOCKET_BLUETOOTH }, { "tipc", SL_SOCKET_TIPC },     { "xdp", SL_SOCKET_XDP },
	{ "tun", SL_SOCKET_TUN },     { "other", SL_SOCKET_OTHER },         { 0 },
};

static const struct ychoice inspections[] = {
	{ "memory", SL_PEER_MEMORY }, { "environ", SL_PEER_ENVIRON }, { "trace", SL_PEER_TRACE },
	{ "descriptors", SL_PEER_DESCRIPTORS }, { 0 },
};

/* A rule with what is said about it only in the file. */
struct rule_entry {
	struct policy_rule rule;
	char *before;       /* id of the rule that it goes in front of, NULL: none */
	bool remove;
	bool has_action;
};

static int read_tool(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	static const struct ychoice scopes[] = {
		{ "any", POLICY_TOOL_ANY }, { "none", POLICY_TOOL_NONE }, { "all", POLICY_TOOL_ALL },
	};
	struct policy_rule *rule = dst;

	for (size_t i = 0; i < ARRAY_SIZE(scopes) && n->kind == YNODE_SCALAR; i++) {
		if (strcmp(scopes[i].name, n->text))
			continue;
		rule->scope = (enum policy_tool_scope)scopes[i].value;
		return 0;
	}
	for (size_t i = 0; n->kind == YNODE_LIST && i < n->cnt; i++)
		for (size_t j = 0; j < ARRAY_SIZE(scopes); j++)
			if (n->items[i]->kind == YNODE_SCALAR && !strcmp(n->items[i]->text, scopes[j].name))
				return y_error(y, n->items[i], "'%s' stands alone (tool: %s), not in a list",
					       scopes[j].name, scopes[j].name);
	rule->scope = POLICY_TOOL_LIST;
	return y_names(y, f, n, &rule->tools);
}

/* A word of choices, or a list of such: a bit for each. noun: what the list names. */
static int read_bits(struct yctx *y, const struct yfield *f, const struct ynode *n, const struct ychoice *choices,
		     const char *noun, uint32_t *bits)
{
	unsigned int value;
	int r;

	if (n->kind == YNODE_SCALAR) {
		r = y_choose(y, n, choices, &value);
		if (r >= 0)
			*bits |= 1u << value;
		return r;
	}
	r = y_want(y, f, n, YNODE_LIST);
	if (r >= 0 && !n->cnt)
		return y_error(y, n, "'%s' is an empty list: name a %s, or remove the key", f->key, noun);
	for (size_t i = 0; r >= 0 && i < n->cnt; i++) {
		if (n->items[i]->kind != YNODE_SCALAR)
			return y_error(y, n->items[i], "'%s' must be a list of words", f->key);
		r = y_choose(y, n->items[i], choices, &value);
		if (r >= 0)
			*bits |= 1u << value;
	}
	return r;
}

static int read_reader_bits(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return read_bits(y, f, n, readers, "reader", dst);
}

/* proto: udp, or proto: [tcp, udp] */
static int read_protos(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return read_bits(y, f, n, protos, "protocol", dst);
}

/* socket: any, socket: raw, or socket: [raw, packet] */
static int read_sockets(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	if (n->kind == YNODE_SCALAR && !strcmp(n->text, "any")) {
		*(uint32_t *)dst = (1u << _SL_SOCKET_MAX) - 2;
		return 0;
	}
	return read_bits(y, f, n, sockets, "kind of socket", dst);
}

static const struct yfield reader_not_fields[] = {
	{ .key = "not", .read = read_reader_bits, .missing = "which readers does the rule not apply to?" },
};
static const struct ygrammar reader_not_grammar = GRAMMAR("'reader'", reader_not_fields);

/* reader: [self, generic], or reader: { not: [purpose-built] } */
static int read_readers(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	uint32_t *bits = dst, not = 0;
	int r;

	if (n->kind != YNODE_MAP)
		return read_reader_bits(y, f, n, dst);
	r = y_map(y, &reader_not_grammar, n, &not);
	if (r < 0)
		return r;
	*bits = ((1u << SL_READERS) - 1) & ~not;
	return *bits ? 0 : y_error(y, n, "the rule would apply to no reader at all: remove one from 'not'");
}

static int set_object(struct yctx *y, const struct ynode *n, struct policy_rule *rule, enum policy_object object)
{
	if (rule->object)
		return y_error(y, n, "a rule has one of 'read', 'connect', 'inspect' and 'broker': split it");
	rule->object = object;
	return 0;
}

static int read_read(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	struct policy_rule *rule = dst;
	int r = set_object(y, n, rule, POLICY_OBJECT_READ);

	return r < 0 ? r : y_names(y, f, n, &rule->classes);
}

static const struct yfield connect_fields[] = {
	FIELD(struct policy_connect, "provider", y_names, providers),
	FIELD(struct policy_connect, "not", y_names, not_providers),
	FIELD(struct policy_connect, "tier", y_tiers, tiers),
	FIELD(struct policy_connect, "not-tier", y_tiers, not_tiers),
	FIELD(struct policy_connect, "region", y_names, regions),
	FIELD(struct policy_connect, "not-region", y_names, not_regions),
	FIELD(struct policy_connect, "host", y_strings, hosts),
	FIELD(struct policy_connect, "cidr", y_cidrs, cidrs),
	FIELD(struct policy_connect, "port", y_ports, ports),
	FIELD(struct policy_connect, "proto", read_protos, protos),
	FIELD(struct policy_connect, "socket", read_sockets, sockets),
};
static const struct ygrammar connect_grammar = GRAMMAR("'connect'", connect_fields);

static int read_connect(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	struct policy_rule *rule = dst;
	int r = set_object(y, n, rule, POLICY_OBJECT_CONNECT);

	if (r < 0)
		return r;
	if (n->kind == YNODE_SCALAR && !strcmp(n->text, "any")) {
		rule->connect.any = true;
		return 0;
	}
	if (n->kind == YNODE_SCALAR)
		return y_error(y, n, "'connect' must be 'any' or a mapping, as in connect: {provider: [%.64s]}", n->text);
	r = y_want(y, f, n, YNODE_MAP);
	if (r >= 0 && !n->cnt)
		return y_error(y, n, "'connect' names nothing: write 'connect: any' for every destination");
	r = r < 0 ? r : y_map(y, &connect_grammar, n, &rule->connect);
	if (r >= 0 && rule->connect.sockets && n->cnt != 2)
		return y_error(y, n, "a socket that is made names no destination: 'socket' stands alone in 'connect'");
	return r;
}

/* inspect: any, or inspect: [memory, environ] */
static int read_inspect(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	struct policy_rule *rule = dst;
	int r = set_object(y, n, rule, POLICY_OBJECT_INSPECT);
	unsigned int what;

	if (r >= 0 && n->kind == YNODE_SCALAR && !strcmp(n->text, "any")) {
		rule->inspect = (1u << SL_PEER_INSPECTS) - 1;
		return 0;
	}
	if (r >= 0 && n->kind == YNODE_SCALAR) {
		r = y_choose(y, n, inspections, &what);
		if (r >= 0)
			rule->inspect = 1u << what;
		return r;
	}
	r = r < 0 ? r : y_want(y, f, n, YNODE_LIST);
	if (r >= 0 && !n->cnt)
		return y_error(y, n, "'%s' is an empty list: write 'inspect: any', or what is not allowed", f->key);
	for (size_t i = 0; r >= 0 && i < n->cnt; i++) {
		if (n->items[i]->kind != YNODE_SCALAR)
			return y_error(y, n->items[i], "'%s' must be a list of words", f->key);
		r = y_choose(y, n->items[i], inspections, &what);
		if (r >= 0)
			rule->inspect |= 1u << what;
	}
	return r;
}

/* broker: any, or broker: [docker, tmux] */
static int read_broker(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	struct policy_rule *rule = dst;
	int r = set_object(y, n, rule, POLICY_OBJECT_BROKER);

	r = r < 0 ? r : y_names(y, f, n, &rule->brokers);
	for (size_t i = 0; r >= 0 && n->kind == YNODE_LIST && i < n->cnt; i++)
		if (!strcmp(n->items[i]->text, POLICY_BROKER_ANY))
			return y_error(y, n->items[i], "'any' stands alone (broker: any), not in a list");
	return r;
}

static const struct yfield after_fields[] = {
	{ .key = "read", .read = y_names, .offset = offsetof(struct policy_rule, after),
	  .missing = "after what? Name the classes: after: {read: [dotenv], within: 30m}" },
	FIELD(struct policy_rule, "within", y_duration, after_ns),
};
static const struct ygrammar after_grammar = GRAMMAR("'after'", after_fields);

/* after: { read: [dotenv], within: 30m } */
static int read_after(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	int r = y_want(y, f, n, YNODE_MAP);

	return r < 0 ? r : y_map(y, &after_grammar, n, dst);
}

static int read_action(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	struct rule_entry *entry = dst;

	entry->has_action = true;
	return y_choice8(y, f, n, &entry->rule.action);
}

static int read_remove(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	bool *remove = dst;
	int r = y_want(y, f, n, YNODE_SCALAR);

	if (r < 0)
		return r;
	if (strcmp(n->text, "true"))
		return y_error(y, n, "'remove' can only be true: delete the line to keep the rule");
	*remove = true;
	return 0;
}

static const struct yfield rule_fields[] = {
	{ .key = "id", .read = y_name, .offset = offsetof(struct rule_entry, rule.id),
	  .missing = "events name the rule that decided, so every rule has one" },
	FIELD(struct rule_entry, "before", y_name, before),
	FIELD(struct rule_entry, "remove", read_remove, remove),
	FIELD(struct rule_entry, "tool", read_tool, rule),
	FIELD(struct rule_entry, "exe", y_strings, rule.exe),
	FIELD(struct rule_entry, "except", y_strings, rule.except),
	FIELD(struct rule_entry, "user", y_users, rule.users),
	FIELD(struct rule_entry, "reader", read_readers, rule.readers),
	FIELD(struct rule_entry, "read", read_read, rule),
	FIELD(struct rule_entry, "connect", read_connect, rule),
	FIELD(struct rule_entry, "inspect", read_inspect, rule),
	FIELD(struct rule_entry, "broker", read_broker, rule),
	{ .key = "action", .read = read_action, .arg = actions },
	FIELD_ARG(struct rule_entry, "severity", y_word, rule.severity, severities),
	FIELD(struct rule_entry, "message", y_text, rule.message),
	FIELD_ARG(struct rule_entry, "tell", y_choice8, rule.tell, tells),
	FIELD(struct rule_entry, "after", read_after, rule),
};
static const struct ygrammar rule_grammar = GRAMMAR("a rule", rule_fields);

static const char *rule_name(const void *arg, size_t i)
{
	const struct policy *p = arg;

	return p->rules[i].id;
}

static size_t find_rule(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->rules_cnt; i++)
		if (!strcmp(p->rules[i].id, id))
			return i;
	return SIZE_MAX;
}

static int no_such_rule(struct yctx *y, const struct ynode *n, const char *id)
{
	const char *near = policy_nearest(id, rule_name, y->policy, y->policy->rules_cnt);

	return y_error(y, n, "there is no rule '%s' before this one%s%s%s", id, near ? ": did you mean '" : "",
		       near ? near : ": name a rule of an included file, or one further up", near ? "'?" : "");
}

static void take_rule_out(struct policy *p, size_t at)
{
	p->rules_cnt--;
	memmove(&p->rules[at], &p->rules[at + 1], (p->rules_cnt - at) * sizeof(p->rules[0]));
}

/* Over the rule of the same id, in front of `before`, or at the end. On success the rule belongs to the policy. */
static int put_rule(struct yctx *y, const struct ynode *n, const struct rule_entry *entry)
{
	struct policy *p = y->policy;
	size_t at = find_rule(p, entry->rule.id), before;
	struct policy_rule *rules;

	if (at != SIZE_MAX && p->rules[at].where.source == y->source)
		return y_error(y, n, "rule '%s' is given twice, first in line %u: choose another id", entry->rule.id,
			       p->rules[at].where.line);
	if (entry->before && (find_rule(p, entry->before) == SIZE_MAX || !strcmp(entry->before, entry->rule.id)))
		return no_such_rule(y, n, entry->before);
	if (at != SIZE_MAX) {
		policy_rule_done(&p->rules[at]);
		if (!entry->before) {
			p->rules[at] = entry->rule;
			return 0;
		}
		take_rule_out(p, at);
	}
	if (p->rules_cnt == SL_RULES_MAX - 1)
		return y_error(y, n, "more than %d rules", SL_RULES_MAX - 1);
	rules = reallocarray(p->rules, p->rules_cnt + 1, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	p->rules = rules;
	before = entry->before ? find_rule(p, entry->before) : p->rules_cnt;
	memmove(&rules[before + 1], &rules[before], (p->rules_cnt - before) * sizeof(*rules));
	rules[before] = entry->rule;
	p->rules_cnt++;
	return 0;
}

static int remove_rule(struct yctx *y, const struct ynode *n, const struct rule_entry *entry)
{
	size_t at = find_rule(y->policy, entry->rule.id);

	if (n->cnt != 4)
		return y_error(y, n, "a rule with 'remove' has an 'id' and nothing else");
	if (at == SIZE_MAX)
		return no_such_rule(y, n, entry->rule.id);
	policy_rule_done(&y->policy->rules[at]);
	take_rule_out(y->policy, at);
	return 0;
}

static int finish_rule(struct yctx *y, const struct ynode *n, struct rule_entry *entry)
{
	static const char *const objects[] = {
		[POLICY_OBJECT_READ] = "read", [POLICY_OBJECT_CONNECT] = "connect", [POLICY_OBJECT_INSPECT] = "inspect",
		[POLICY_OBJECT_BROKER] = "broker",
	};
	struct policy_rule *rule = &entry->rule;
	int r;

	if (!rule->scope)
		return y_error(y, n, "a rule without 'tool': write any (every AI tool), none (outside every session), all, or names");
	if (!rule->object)
		return y_error(y, n, "a rule without 'read', 'connect', 'inspect' or 'broker': what does it decide about?");
	if (!entry->has_action)
		return y_error(y, n, "a rule without 'action': write allow, log, alert or block");
	if (rule->object == POLICY_OBJECT_INSPECT && rule->readers & (1u << SL_READER_SELF | 1u << SL_READER_STARTUP | 1u << SL_READER_PURPOSE))
		return y_error(y, n, "'reader' of an 'inspect' rule is any of improvised, looking, sweep, generic, interpreter, other: "
			       "no file says which of the others it is");
	if (rule->object != POLICY_OBJECT_READ && rule->object != POLICY_OBJECT_INSPECT && rule->readers)
		return y_error(y, n, "'reader' says how a file is read: a '%s' rule cannot have it, use 'exe' or 'except'",
			       objects[rule->object]);
	if ((rule->object == POLICY_OBJECT_INSPECT || rule->object == POLICY_OBJECT_BROKER) &&
	    (rule->scope == POLICY_TOOL_NONE || rule->scope == POLICY_TOOL_ALL))
		return y_error(y, n, "'%s' is about what leads out of a session: 'tool' must be 'any' or names",
			       objects[rule->object]);
	if (rule->after.cnt && rule->object != POLICY_OBJECT_CONNECT)
		return y_error(y, n, "'after' is about where data goes once a secret was read: it needs 'connect'");
	if (rule->tell && rule->action != SL_ACTION_BLOCK)
		return y_error(y, n, "'tell' speaks of what was refused: it needs 'action: block'");
	rule->where = y_where(y, n);
	r = y_default(&rule->severity, "medium");
	return r < 0 ? r : y_default(&rule->message, "");
}

static int read_rule(struct yctx *y, const struct ynode *n)
{
	struct rule_entry entry;
	bool taken = false;
	int r;

	memset(&entry, 0, sizeof(entry));
	r = y_map(y, &rule_grammar, n, &entry);
	if (r >= 0 && entry.remove) {
		r = remove_rule(y, n, &entry);
	} else if (r >= 0) {
		r = finish_rule(y, n, &entry);
		if (r >= 0)
			r = put_rule(y, n, &entry);
		taken = r >= 0;
	}
	if (!taken)
		policy_rule_done(&entry.rule);
	free(entry.before);
	return r;
}

int y_rules(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	int r = y_want(y, f, n, YNODE_LIST);

	(void)dst;
	for (size_t i = 0; r >= 0 && i < n->cnt; i++)
		r = read_rule(y, n->items[i]);
	return r;
}
