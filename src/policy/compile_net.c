/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the table of host names, providers of destinations, and verdicts on connections taken in user space: rules are
 * judged one by one; only names go through a table. The kernel's tables of the same are compile_net_tables.c's.
 */
#include <errno.h>
#include <string.h>

#include "label.h"
#include "policy/compile_internal.h"
#include "policy/policy_internal.h"

/* The unspecified address is here: Linux connects it to loopback. */
const struct cidr compile_loopback[COMPILE_LOOPBACK] = {
	{ 4, 8, { 127 } },
	{ 4, 32, { 0 } },
	{ 6, 128, { 0 } },
	{ 6, 128, { [15] = 1 } },
};

/* RFC 1918, RFC 4193, and link-local. */
const struct cidr compile_private[COMPILE_PRIVATE] = {
	{ 4, 8, { 10 } },
	{ 4, 12, { 172, 16 } },
	{ 4, 16, { 192, 168 } },
	{ 4, 16, { 169, 254 } },
	{ 6, 7, { 0xfc } },
	{ 6, 10, { 0xfe, 0x80 } },
};

static bool in_ranges(const struct cidr *c, size_t cnt, const struct compiled_dest *d)
{
	for (size_t i = 0; i < cnt; i++)
		if (cidr_match(&c[i], d->family, d->addr))
			return true;
	return false;
}

static bool in_ports(const uint16_t *ports, size_t cnt, uint16_t port)
{
	for (size_t i = 0; i < cnt; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static int sort_ranges(struct compile *w)
{
	struct ranges *ranges = &w->c->priv->provider_ranges;

	for (size_t i = 0; i < w->p->providers_cnt; i++)
		for (size_t k = 0; k < w->p->providers[i].cidrs_cnt; k++)
			if (ranges_add(ranges, &w->p->providers[i].cidrs[k], (uint32_t)i))
				return -ENOMEM;
	ranges_sort(ranges);
	return 0;
}

/* Patterns of one class, with the errors that point at one. */
static int add_patterns(struct compile *w, struct hosts_builder *b, unsigned int cls, const struct policy_strings *l)
{
	for (size_t i = 0; i < l->cnt; i++) {
		struct errmsg why = { 0 };
		int r = hosts_builder_add(b, cls, l->v[i], &why);

		if (r == -ENOMEM)
			return r;
		if (r == -E2BIG)
			return policy_error(w->e, w->p, l->where[i], r, "'%.200s': %.400s", l->v[i], why.text);
		if (r < 0 && w->e)
			*w->e = why;
		if (r < 0)
			return policy_error_pattern(w->e, w->p, l->where[i], l->v[i], r);
	}
	return 0;
}

/* Pattern number n of those that compile_net() added. */
static void find_pattern(const struct policy *p, size_t n, const struct policy_strings **ret, size_t *ret_at)
{
	size_t lists = p->providers_cnt + p->rules_cnt;

	for (size_t i = 0; i < lists; i++) {
		const struct policy_strings *l = i < p->providers_cnt ? &p->providers[i].domains :
									&p->rules[i - p->providers_cnt].connect.hosts;

		if (n < l->cnt) {
			*ret = l;
			*ret_at = n;
			return;
		}
		n -= l->cnt;
	}
}

static int build_names(struct compile *w, struct hosts_builder *b)
{
	const struct policy_strings *l = NULL;
	struct errmsg why = { 0 };
	size_t pattern = 0, at = 0;
	int r = hosts_build(b, SL_NAME_SETS_MAX, &w->c->name, &pattern, &why);

	if (r != -E2BIG)
		return r;
	find_pattern(w->p, pattern, &l, &at);
	if (!l)
		return errmsg_set(w->e, r, "the host names do not fit: %.400s", why.text);
	return policy_error(w->e, w->p, l->where[at], r, "the host names of providers and rules do not fit: %.400s; '%.200s' is one that adds to it",
			    why.text, l->v[at]);
}

int compile_net(struct compile *w)
{
	cleanup_(hosts_builder_freep) struct hosts_builder *b = hosts_builder_new();
	size_t classes = w->p->providers_cnt;
	int r = b ? 0 : -ENOMEM;

	if (classes > SL_PROVIDERS_MAX)
		return compile_too_big(w, "providers", classes, SL_PROVIDERS_MAX, "merge or remove some");
	for (size_t i = 0; r >= 0 && i < w->p->providers_cnt; i++)
		r = add_patterns(w, b, (unsigned int)i, &w->p->providers[i].domains);
	for (size_t i = 0; r >= 0 && i < w->p->rules_cnt; i++) {
		const struct policy_strings *hosts = &w->p->rules[i].connect.hosts;

		w->c->priv->host_class[i] = hosts->cnt ? (uint16_t)classes++ : NO_CLASS;
		if (hosts->cnt)
			r = add_patterns(w, b, w->c->priv->host_class[i], hosts);
	}
	r = r < 0 ? r : build_names(w, b);
	r = r < 0 ? r : sort_ranges(w);
	return r < 0 ? r : compile_net_tables(w);
}

unsigned int compiled_name_set(const struct compiled *c, const char *name)
{
	return hosts_match(c->name, name, strlen(name));
}

/* ---- providers ------------------------------------------------------------------------------------------------- */

static bool port_fits(const struct policy_provider *p, uint16_t port)
{
	return !p->ports_cnt || in_ports(p->ports, p->ports_cnt, port);
}

/* Provider that a set of names means, NULL none. Later definitions win. */
static const struct policy_provider *by_set(const struct compiled *c, unsigned int set, uint16_t port)
{
	const struct hosts *names = c->name;
	const struct policy *p = c->policy;

	for (uint32_t i = names->first[set + 1]; i-- > names->first[set];)
		if (names->classes[i] < p->providers_cnt && port_fits(&p->providers[names->classes[i]], port))
			return &p->providers[names->classes[i]];
	return NULL;
}

/* The same of the ranges that an address lies in. */
static const struct policy_provider *by_range(const struct compiled *c, const struct compiled_dest *d)
{
	const struct ranges *ranges = &c->priv->provider_ranges;
	const struct policy_provider *last = NULL;

	for (uint32_t i = ranges_find(ranges, d->family, d->addr); i != RANGES_NONE; i = ranges->v[i].around) {
		const struct policy_provider *p = &c->policy->providers[ranges->v[i].owner];

		if (port_fits(p, d->port) && (!last || p > last))
			last = p;
	}
	return last;
}

struct compiled_provider compiled_provider_of_set(const struct compiled *c, unsigned int set, const struct compiled_dest *d)
{
	struct compiled_dest nameless = *d;
	const struct policy_provider *found = set < c->name->info.sets ? by_set(c, set, d->port) : NULL;

	nameless.names_cnt = 0;
	return found ? (struct compiled_provider){ found, 0 } : compiled_provider(c, &nameless);
}

struct compiled_provider compiled_provider(const struct compiled *c, const struct compiled_dest *d)
{
	for (size_t n = 0; n < d->names_cnt; n++) {
		const struct policy_provider *found = by_set(c, compiled_name_set(c, d->names[n]), d->port);

		if (found)
			return (struct compiled_provider){ found, n };
	}
	return (struct compiled_provider){ by_range(c, d), SIZE_MAX };
}

/* ---- verdicts -------------------------------------------------------------------------------------------------- */

/* A destination with what the conditions ask of it. */
struct dest {
	const struct compiled *c;
	const struct compiled_dest *d;
	const struct policy_provider *provider;  /* NULL: unknown */
	bool words[POLICY_DEST_WORDS];
};

static struct dest describe(const struct compiled *c, unsigned int tool, const struct compiled_dest *d)
{
	const struct policy_provider *provider = compiled_provider(c, d).provider;
	const struct policy_tool *t = compiled_tool(c, tool);
	struct dest x = { .c = c, .d = d, .provider = provider };

	x.words[POLICY_DEST_OWN] = t && provider && policy_strings_has(&t->providers, provider->name);
	x.words[POLICY_DEST_UNKNOWN] = !provider;
	x.words[POLICY_DEST_LOOPBACK] = in_ranges(compile_loopback, COMPILE_LOOPBACK, d);
	x.words[POLICY_DEST_PRIVATE] = in_ranges(compile_private, COMPILE_PRIVATE, d);
	return x;
}

static bool names_provider(const struct policy_strings *l, const struct dest *x)
{
	for (size_t i = 0; i < l->cnt; i++) {
		int word = policy_dest_word(l->v[i]);

		if (word >= 0 ? x->words[word] : x->provider && !strcmp(x->provider->name, l->v[i]))
			return true;
	}
	return false;
}

/* An unknown provider has no tier and no region: it is in no list, and so outside every `not` list. */
static bool provider_holds(const struct policy_connect *k, const struct dest *x)
{
	const char *tier = x->provider ? x->provider->tier : "", *region = x->provider ? x->provider->region : "";

	if (k->providers.cnt && !names_provider(&k->providers, x))
		return false;
	if (names_provider(&k->not_providers, x))
		return false;
	if (k->tiers.cnt && !policy_strings_has(&k->tiers, tier))
		return false;
	if (policy_strings_has(&k->not_tiers, tier))
		return false;
	if (k->regions.cnt && !policy_strings_has(&k->regions, region))
		return false;
	return !policy_strings_has(&k->not_regions, region);
}

static bool host_holds(uint16_t host_class, const struct dest *x)
{
	for (size_t n = 0; n < x->d->names_cnt; n++)
		if (hosts_set_has(x->c->name, compiled_name_set(x->c, x->d->names[n]), host_class))
			return true;
	return false;
}

static bool connect_holds(const struct policy_connect *k, uint16_t host_class, const struct dest *x)
{
	if (k->sockets ? x->d->kind != SL_NET_SOCKET || !(k->sockets >> x->d->port & 1) : x->d->kind == SL_NET_SOCKET && k->ports_cnt)
		return false;
	if (k->any)
		return true;
	if (!provider_holds(k, x))
		return false;
	if (k->hosts.cnt && !host_holds(host_class, x))
		return false;
	if (k->cidrs_cnt && !in_ranges(k->cidrs, k->cidrs_cnt, x->d))
		return false;
	if (k->protos && !(k->protos >> x->d->kind & 1))
		return false;
	return !k->ports_cnt || in_ports(k->ports, k->ports_cnt, x->d->port);
}

struct sl_decision compiled_connect(const struct compiled *c, unsigned int tool, unsigned int exe_set, uint32_t uid,
				    const struct compiled_dest *d)
{
	const struct compiled_priv *priv = c->priv;
	uint32_t user = compile_user_class(c, uid);
	struct dest x;

	if (tool >= c->tools_cnt || exe_set >= c->exe_sets_cnt)
		return (struct sl_decision){ 0 };
	x = describe(c, tool, d);
	for (size_t i = 0; i < c->policy->rules_cnt; i++) {
		const struct policy_rule *rule = &c->policy->rules[i];

		if (rule->object == POLICY_OBJECT_CONNECT && rule_set_has(&priv->tool_rules[tool], i) &&
		    rule_set_has(&priv->exe_rules[exe_set], i) && rule_set_has(&priv->user_rules[user], i) &&
		    compile_remembers(c, i, d->state) &&
		    connect_holds(&rule->connect, priv->host_class[i], &x))
			return (struct sl_decision){ .rule = (uint16_t)(i + 1), .action = rule->action };
	}
	return (struct sl_decision){ 0 };
}

struct sl_decision compiled_connect_asked(const struct compiled *c, unsigned int tool, unsigned int exe_set, const struct sl_asked *asked,
					  uint32_t uid, const struct compiled_dest *d)
{
	struct sl_decision best = compiled_connect(c, tool, exe_set, uid, d);

	for (int i = 1; asked && i < 2 * (1 + SL_OUTER_MAX); i++) {
		unsigned int who = i < 2 ? tool : asked->outer[i / 2 - 1];
		struct sl_decision other;

		if (i >= 2 && !who)
			break;
		if (i & 1 && !asked->unproved)
			continue;
		other = compiled_connect(c, who, i & 1 ? 0 : exe_set, uid, d);
		if (other.action > best.action)
			best = other;
	}
	return best;
}
