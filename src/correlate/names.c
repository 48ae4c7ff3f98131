/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: which names an address was given for, when, and who asked. The DNS format is dns.c's; what a name means is the
 * policy's.
 *
 * Addresses are in a chained hash and in a list, least recently used first, from which they are dropped when the table or
 * its text is full. The hash is seeded by an address of this process, so that a server cannot choose addresses that
 * collide; nothing that comes out depends on the order in a chain.
 */
#include "correlate/names.h"

#include <errno.h>
#include <string.h>

#include "base/list.h"
#include "correlate/dns.h"
#include "record.h"

#define SECOND_NS 1000000000ull

struct asker {
	uint64_t session_ns;
	uint32_t session_pid;
};

struct known {
	struct known *next;
	uint64_t learnt_ns, expires_ns;
	uint64_t turn;                        /* order of learning, where times are equal */
	struct asker askers[NAMES_SESSIONS];  /* latest first */
	unsigned int askers_cnt;
	bool sni;                             /* only claimed, not from DNS */
	size_t text_len;                      /* both texts with their NULs */
	const char *cname;                    /* behind the name */
	char name[];
};

struct address {
	struct list lru;
	struct address *chain;
	uint8_t family, addr[16], tag;
	uint32_t netns;                       /* 0: only claims are known */
	struct known *known;
	size_t known_cnt;
};

struct names {
	struct address **buckets;
	size_t buckets_cnt;                   /* a power of two */
	struct list lru;
	size_t cnt, max;
	size_t text, text_max;
	uint64_t turn, evicted;
};

/* ---- the table ------------------------------------------------------------------------------------------------------ */

static struct address **bucket(struct names *n, uint8_t family, const uint8_t addr[16])
{
	uint64_t a, b, h = (uintptr_t)n ^ family;

	memcpy(&a, addr, 8);
	memcpy(&b, addr + 8, 8);
	h = (h ^ a) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 32 ^ b) * 0xd6e8feb86659fd93ull;
	h ^= h >> 32;
	return &n->buckets[h & (n->buckets_cnt - 1)];
}

static struct address *find(struct names *n, uint8_t family, const uint8_t addr[16], uint8_t tag)
{
	struct address *a = *bucket(n, family, addr);

	while (a && (a->family != family || a->tag != tag || memcmp(a->addr, addr, sizeof(a->addr)) != 0))
		a = a->chain;
	return a;
}

/* *at: the link to it. */
static void drop_known(struct names *n, struct address *a, struct known **at)
{
	struct known *k = *at;

	*at = k->next;
	a->known_cnt--;
	n->text -= k->text_len;
	free(k);
}

static void drop_address(struct names *n, struct address *a)
{
	struct address **at = bucket(n, a->family, a->addr);

	while (*at != a)
		at = &(*at)->chain;
	*at = a->chain;
	while (a->known)
		drop_known(n, a, &a->known);
	list_del(&a->lru);
	n->cnt--;
	free(a);
}

static bool is_gone(const struct known *k, uint64_t now_ns)
{
	return now_ns > k->expires_ns && now_ns - k->expires_ns > NAMES_GRACE_NS;
}

static void drop_gone(struct names *n, struct address *a, uint64_t now_ns)
{
	struct known **at = &a->known;

	while (*at)
		if (is_gone(*at, now_ns))
			drop_known(n, a, at);
		else
			at = &(*at)->next;
}

/* Drops the address used longest ago; it counts as evicted if a name of it was still good for something. */
static void evict(struct names *n, uint64_t now_ns)
{
	struct address *a = list_entry(n->lru.next, struct address, lru);

	drop_gone(n, a, now_ns);
	n->evicted += a->known != NULL;
	drop_address(n, a);
}

static struct address *find_or_add(struct names *n, const struct dns_addr *from, uint8_t tag, uint64_t now_ns)
{
	struct address **at, *a = find(n, from->family, from->addr, tag);

	if (a) {
		list_move_tail(&a->lru, &n->lru);
		return a;
	}
	if (n->cnt == n->max)
		evict(n, now_ns);
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->family = from->family;
	a->tag = tag;
	memcpy(a->addr, from->addr, sizeof(a->addr));
	at = bucket(n, a->family, a->addr);
	a->chain = *at;
	*at = a;
	list_add_tail(&a->lru, &n->lru);
	n->cnt++;
	return a;
}

/* ---- learning ------------------------------------------------------------------------------------------------------- */

/* The name that says least: a claim before what DNS said, one that ran out before one that did not, then the oldest. */
static void evict_known(struct names *n, struct address *a, uint64_t now_ns)
{
	struct known **worst = &a->known;

	for (struct known **at = &a->known; *at; at = &(*at)->next) {
		bool over = now_ns > (*at)->expires_ns, worst_over = now_ns > (*worst)->expires_ns;

		if ((*at)->sni != (*worst)->sni ? (*at)->sni : over != worst_over ? over : (*at)->turn < (*worst)->turn)
			worst = at;
	}
	n->evicted += !is_gone(*worst, now_ns) && !(*worst)->sni;
	drop_known(n, a, worst);
}

static struct known *find_known(const struct address *a, const char *name, const char *cname)
{
	struct known *k = a->known;

	while (k && (strcmp(k->name, name) != 0 || strcmp(k->cname, cname) != 0))
		k = k->next;
	return k;
}

static struct known *add_known(struct names *n, struct address *a, const char *name, const char *cname, uint64_t now_ns)
{
	size_t name_len = strlen(name) + 1, cname_len = strlen(cname) + 1;
	struct known *k;

	if (a->known_cnt == NAMES_PER_ADDR)
		evict_known(n, a, now_ns);
	k = calloc(1, sizeof(*k) + name_len + cname_len);
	if (!k)
		return NULL;
	k->text_len = name_len + cname_len;
	memcpy(k->name, name, name_len);
	k->cname = memcpy(k->name + name_len, cname, cname_len);
	k->next = a->known;
	a->known = k;
	a->known_cnt++;
	n->text += k->text_len;
	/* a itself is the last of the list, and stays: one address cannot hold more than a few names. */
	while (n->text > n->text_max && n->lru.next != &a->lru)
		evict(n, now_ns);
	return k;
}

static void add_asker(struct known *k, uint64_t session_ns, uint32_t session_pid)
{
	unsigned int at = 0;

	while (at < k->askers_cnt && (k->askers[at].session_ns != session_ns || k->askers[at].session_pid != session_pid))
		at++;
	if (at == k->askers_cnt && k->askers_cnt < NAMES_SESSIONS)
		k->askers_cnt++;
	if (at == NAMES_SESSIONS)
		at--;
	memmove(&k->askers[1], &k->askers[0], at * sizeof(k->askers[0]));
	k->askers[0] = (struct asker){ session_ns, session_pid };
}

static bool asked(const struct known *k, uint64_t session_ns, uint32_t session_pid)
{
	for (unsigned int i = 0; i < k->askers_cnt; i++)
		if (k->askers[i].session_ns == session_ns && k->askers[i].session_pid == session_pid)
			return true;
	return false;
}

/* What was known of the address is another namespace's with the same tag. */
static void set_netns(struct names *n, struct address *a, uint32_t netns)
{
	while (a->netns && a->netns != netns && a->known)
		drop_known(n, a, &a->known);
	a->netns = netns;
}

int names_add_dns(struct names *n, const void *msg, size_t len, uint64_t now_ns, uint64_t session_ns, uint32_t session_pid,
		  uint32_t netns)
{
	char name[DNS_TEXT_MAX], cname[DNS_TEXT_MAX] = "";
	struct dns_response response;
	int r = dns_parse(msg, len, &response);

	if (r <= 0 || !response.question.len)
		return r < 0 ? r : 0;
	dns_name_text(&response.question, name);
	if (response.canonical.len != response.question.len ||
	    memcmp(response.canonical.octets, response.question.octets, response.question.len) != 0)
		dns_name_text(&response.canonical, cname);
	for (unsigned int i = 0; i < response.addrs_cnt; i++) {
		uint64_t ttl = response.addrs[i].ttl * SECOND_NS;
		struct address *a = find_or_add(n, &response.addrs[i], sl_netns_tag(netns), now_ns);
		struct known *k;

		if (!a)
			return -ENOMEM;
		set_netns(n, a, netns);
		k = find_known(a, name, cname);
		if (!k)
			k = add_known(n, a, name, cname, now_ns);
		if (!k)
			return -ENOMEM;
		if (ttl < NAMES_TTL_MIN_NS)
			ttl = NAMES_TTL_MIN_NS;
		if (ttl > NAMES_TTL_MAX_NS)
			ttl = NAMES_TTL_MAX_NS;
		k->sni = false;
		k->learnt_ns = now_ns;
		k->expires_ns = now_ns + ttl;
		k->turn = ++n->turn;
		if (session_ns)
			add_asker(k, session_ns, session_pid);
	}
	return response.addrs_cnt;
}

int names_add_sni(struct names *n, uint8_t family, const uint8_t addr[16], const char *name, uint64_t now_ns,
		  uint64_t session_ns, uint32_t session_pid, uint8_t tag)
{
	struct dns_addr at = { .family = family };
	struct address *a;
	struct known *k;

	memcpy(at.addr, addr, family == 4 ? 4 : 16);
	a = find_or_add(n, &at, tag, now_ns);
	if (!a)
		return -ENOMEM;
	k = find_known(a, name, "");
	if (k && !k->sni)
		return 0;
	/* A claim does not push out what DNS said. */
	if (!k && a->known_cnt == NAMES_PER_ADDR)
		return 0;
	if (!k)
		k = add_known(n, a, name, "", now_ns);
	if (!k)
		return -ENOMEM;
	k->sni = true;
	k->learnt_ns = now_ns;
	k->expires_ns = now_ns + NAMES_SNI_NS;
	k->turn = ++n->turn;
	add_asker(k, session_ns, session_pid);
	return 0;
}

/* ---- looking up ----------------------------------------------------------------------------------------------------- */

struct ranked {
	const struct known *known;
	bool session, expired;
};

static bool is_better(const struct ranked *a, const struct ranked *b)
{
	if (a->known->sni != b->known->sni)
		return b->known->sni;
	if (a->session != b->session)
		return a->session;
	if (a->expired != b->expired)
		return b->expired;
	return a->known->turn > b->known->turn;
}

size_t names_lookup(struct names *n, uint8_t family, const uint8_t addr[16], uint64_t now_ns, uint64_t session_ns,
		    uint32_t session_pid, uint8_t tag, struct names_hit *ret, size_t max)
{
	struct address *a = find(n, family, addr, tag);
	struct ranked list[NAMES_PER_ADDR];
	size_t cnt = 0;

	if (!a)
		return 0;
	drop_gone(n, a, now_ns);
	if (!a->known) {
		drop_address(n, a);
		return 0;
	}
	list_move_tail(&a->lru, &n->lru);
	for (const struct known *k = a->known; k; k = k->next) {
		struct ranked one = { k, asked(k, session_ns, session_pid), now_ns > k->expires_ns };
		size_t at = cnt++;

		for (; at && is_better(&one, &list[at - 1]); at--)
			list[at] = list[at - 1];
		list[at] = one;
	}
	if (cnt > max)
		cnt = max;
	for (size_t i = 0; i < cnt; i++)
		ret[i] = (struct names_hit){
			.name = list[i].known->name,
			.learnt_ns = list[i].known->learnt_ns,
			.expired = list[i].expired,
			.session = list[i].session,
			.sni = list[i].known->sni,
			.cname = list[i].known->cname,
		};
	return cnt;
}

/* ---- the rest ------------------------------------------------------------------------------------------------------- */

struct names *names_new(size_t max_addrs)
{
	struct names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->max = max_addrs ? max_addrs : 1;
	n->text_max = n->max * NAMES_TEXT_PER_ADDR;
	for (n->buckets_cnt = 1; n->buckets_cnt < n->max;)
		n->buckets_cnt *= 2;
	list_init(&n->lru);
	n->buckets = calloc(n->buckets_cnt, sizeof(*n->buckets));
	if (!n->buckets) {
		free(n);
		return NULL;
	}
	return n;
}

void names_free(struct names *n)
{
	if (!n)
		return;
	while (!list_empty(&n->lru))
		drop_address(n, list_entry(n->lru.next, struct address, lru));
	free(n->buckets);
	free(n);
}

static void tell(const struct address *a, names_visitor fn, void *arg)
{
	struct names_entry list[NAMES_PER_ADDR] = { 0 };
	size_t cnt = 0;

	for (const struct known *k = a->known; k; k = k->next) {
		struct names_entry *e = &list[cnt];

		if (k->sni)
			continue;
		cnt++;
		e->name = k->name;
		e->expires_ns = k->expires_ns;
		e->askers_cnt = k->askers_cnt;
		for (unsigned int i = 0; i < k->askers_cnt; i++) {
			e->askers[i].session_ns = k->askers[i].session_ns;
			e->askers[i].session_pid = k->askers[i].session_pid;
		}
	}
	if (cnt)
		fn(arg, a->family, a->addr, a->netns, list, cnt);
}

void names_visit(const struct names *n, names_visitor fn, void *arg)
{
	for (struct list *at = n->lru.next; at != &n->lru; at = at->next)
		tell(list_entry(at, struct address, lru), fn, arg);
}

size_t names_count(const struct names *n)
{
	return n->cnt;
}

uint64_t names_take_evicted(struct names *n)
{
	uint64_t evicted = n->evicted;

	n->evicted = 0;
	return evicted;
}
