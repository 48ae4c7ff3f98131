/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the meaning of a policy, said once more and plainly. No tables, no numbering, no sharing of work: each question
 * walks the rules in order and looks every name up. Do not make it clever; that would make it like what it checks.
 */
#include "policy/eval.h"

#include <stdio.h>
#include <string.h>

#include "policy/naive.h"
#include "record.h"

/* A pattern as YAML takes it, with what is put in front. */
#define PATTERN_SIZE 4200

static bool has(const struct policy_strings *l, const char *s)
{
	for (size_t i = 0; i < l->cnt; i++)
		if (!strcmp(l->v[i], s))
			return true;
	return false;
}

/* ---- recognition ----------------------------------------------------------------------------------------------- */

static bool is_interpreter(const struct policy *p, const struct policy_host *h, const char *exe)
{
	for (size_t i = 0; i < p->interpreters_cnt; i++)
		if (naive_path(&p->interpreters[i].exe, h->homes, h->homes_cnt, exe))
			return true;
	return false;
}

static bool takes_value(const struct policy *p, const char *arg)
{
	for (size_t i = 0; i < p->interpreters_cnt; i++)
		if (has(&p->interpreters[i].value_options, arg))
			return true;
	return false;
}

/* The word says, to one of the interpreters that this executable is, that code follows. */
static bool is_inline_word(const struct policy *p, const struct policy_host *h, const char *exe, const char *path)
{
	for (size_t i = 0; i < p->interpreters_cnt; i++)
		if (naive_path(&p->interpreters[i].exe, h->homes, h->homes_cnt, exe) &&
		    naive_word(&p->interpreters[i].inline_words, strrchr(path, '/') + 1))
			return true;
	return false;
}

static bool is_run_word(const struct policy *p, const char *word)
{
	for (size_t i = 0; i < p->interpreters_cnt; i++)
		if (naive_word(&p->interpreters[i].run_words, word))
			return true;
	return false;
}

static bool takes_inline(const struct policy *p, const struct policy_host *h, const char *exe)
{
	for (size_t i = 0; i < p->interpreters_cnt; i++)
		if (p->interpreters[i].inline_words.cnt && naive_path(&p->interpreters[i].exe, h->homes, h->homes_cnt, exe))
			return true;
	return false;
}

/* Number of the last tool whose patterns match, 0 none. */
static uint16_t tool_of(const struct policy *p, const struct policy_host *h, const char *path, bool script)
{
	uint16_t tool = 0;

	for (size_t i = 0; i < p->tools_cnt; i++)
		if (script ? naive_path(&p->tools[i].argv, h->homes, h->homes_cnt, path) :
			     naive_path_any_letters(&p->tools[i].exe, h->homes, h->homes_cnt, path))
			tool = (uint16_t)(i + 1);
	return tool;
}

/* An argument as the kernel reads it: cut, and with a slash in front. */
static void as_path(const char *arg, char buf[SL_ARG_LEN + 1])
{
	int len = (int)strnlen(arg, SL_ARG_LEN - 1);

	if (len > 1 && arg[len - 1] == '/')
		len--;
	snprintf(buf, SL_ARG_LEN + 1, "%s%.*s", *arg == '/' ? "" : "/", len, arg);
}

static bool is_shell(const struct policy *p, const struct policy_host *h, const char *exe)
{
	for (size_t i = 0; i < p->interpreters_cnt; i++)
		if (p->interpreters[i].shell && naive_path(&p->interpreters[i].exe, h->homes, h->homes_cnt, exe))
			return true;
	return false;
}

/* A program as readers see it: its executable, or its script, and the arguments behind. */
struct program {
	const char *exe;
	char script[SL_ARG_LEN + 1];  /* "": none that counts */
	const char *const *argv;
	size_t argc, from;
	bool arguments;               /* they are the executable's own */
	bool improvised;
};

static struct compiled_exec look_at(const struct policy *p, const struct policy_host *h, const char *exe, const char *const *argv,
				    size_t argc, struct program *who)
{
	struct compiled_exec ret = { .tool = tool_of(p, h, exe, false) };
	bool interpreter = is_interpreter(p, h, exe), skip = false, script = false;
	char arg[SL_ARG_LEN + 1];

	*who = (struct program){ .exe = exe, .argv = argv, .argc = argc, .from = 1, .arguments = ret.tool || !interpreter };
	if (ret.tool)
		ret.evidence = SL_EVID_EXE;
	if ((ret.tool || interpreter) && argc) {
		snprintf(arg, sizeof(arg), "/%.*s", SL_ARG_LEN - 1, argv[0]);
		for (size_t i = 0; i < p->tools_cnt; i++)
			ret.helper |= naive_word(&p->tools[i].helpers, strrchr(arg, '/') + 1);
	}
	if (who->arguments)
		return ret;
	for (size_t i = 1; i < argc && i < SL_ARG_SCAN; i++) {
		as_path(argv[i], arg);
		ret.improvised |= is_inline_word(p, h, exe, arg);
		if (skip) {
			skip = false;
			continue;
		}
		if (argv[i][0] == '-' || (argv[i][0] == '+' && is_shell(p, h, exe))) {
			skip = takes_value(p, argv[i]);
			continue;
		}
		if (is_run_word(p, strrchr(arg, '/') + 1))
			continue;
		script = true;
		who->from = i + 1;
		ret.tool = is_shell(p, h, exe) ? 0 : tool_of(p, h, arg, true);
		ret.evidence = ret.tool ? SL_EVID_ARGV : SL_EVID_NONE;
		break;
	}
	ret.improvised |= takes_inline(p, h, exe) && (argc == 1 || (argc && !script && is_shell(p, h, exe)));
	ret.improvised &= !ret.tool;
	who->improvised = ret.improvised;
	if (script && !ret.tool && !ret.improvised)
		strcpy(who->script, arg);
	return ret;
}

struct compiled_exec eval_exec(const struct policy *p, const struct policy_host *h, const char *exe, const char *const *argv, size_t argc)
{
	struct program who;

	return look_at(p, h, exe, argv, argc, &who);
}

/* ---- command lines --------------------------------------------------------------------------------------------- */

static bool is_plain(const char *word)
{
	return *word != '-' && *word != '*' && *word != '/';
}

static bool is_word(const char *word, const char *arg)
{
	char words[PATTERN_SIZE], pattern[PATTERN_SIZE + 1], text[SL_ARG_LEN + 1], *save = NULL;
	char *v = pattern;

	as_path(arg, text);
	snprintf(words, sizeof(words), "%s", word);
	for (char *one = strtok_r(words, "|", &save); one; one = strtok_r(NULL, "|", &save)) {
		snprintf(pattern, sizeof(pattern), "%s%s", *one == '/' || !strncmp(one, "**/", 3) ? "" : "/", one);
		if (naive_path(&(struct policy_strings){ .v = &v, .cnt = 1 }, NULL, 0, text))
			return true;
	}
	return false;
}

/* Argument i may be number `place` of those that are no options: of those before it, one that stands behind an option may be its value. */
static bool may_be(const struct program *who, size_t i, unsigned int place)
{
	size_t least = 0, most = 0;
	bool behind = false;

	for (size_t j = who->from; j < i; j++) {
		if (who->argv[j][0] == '-') {
			behind = true;
			continue;
		}
		most++;
		least += !behind;
		behind = false;
	}
	return place >= least && place <= most;
}

/* One entry: each word has an argument that it may be. beyond: arguments that are not looked at are whatever they have to be. */
static bool entry_holds(const struct program *who, const char *entry, bool beyond)
{
	char copy[PATTERN_SIZE], *save = NULL;
	unsigned int place = 0;

	snprintf(copy, sizeof(copy), "%s", entry);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		bool plain = is_plain(word), found = beyond && (!plain || may_be(who, SL_ARG_WORDS, place));

		for (size_t i = who->from; i < who->argc && i < SL_ARG_WORDS; i++)
			found |= is_word(word, who->argv[i]) && (!plain || (who->argv[i][0] != '-' && may_be(who, i, place)));
		if (!found)
			return false;
		place += plain;
	}
	return true;
}

static bool one_holds(const struct program *who, const struct policy_strings *l, bool beyond)
{
	for (size_t i = 0; i < l->cnt; i++)
		if (entry_holds(who, l->v[i], beyond))
			return true;
	return false;
}

/* What the reader asks of the arguments is so. Of what is not looked at, whatever makes it the stricter reader. */
static bool arguments_hold(const struct program *who, const struct policy_reader *r)
{
	bool cut = who->argc > SL_ARG_WORDS, strict = r->kind == SL_READER_GENERIC;

	return (!r->argv.cnt || one_holds(who, &r->argv, cut && strict)) && !one_holds(who, &r->unless, cut && !strict);
}

static bool is_by_script(const struct policy_host *h, const struct program *who, const struct policy_reader *r)
{
	return *who->script && naive_path(&r->script, h->homes, h->homes_cnt, who->script) &&
	       ((!r->argv.cnt && !r->unless.cnt) || arguments_hold(who, r));
}

/* By its script, a program is some reader, and no longer the one that its interpreter is. */
static bool is_the_reader(const struct policy *p, const struct policy_host *h, const struct program *who, const struct policy_reader *r)
{
	bool asks = r->argv.cnt || r->unless.cnt;

	for (size_t i = 0; i < p->readers_cnt; i++)
		if (is_by_script(h, who, &p->readers[i]))
			return is_by_script(h, who, r);

	return naive_path(&r->exe, h->homes, h->homes_cnt, who->exe) && (!asks || (who->arguments && arguments_hold(who, r)));
}

/* ---- subjects -------------------------------------------------------------------------------------------------- */

static bool is_user(const struct policy_host *h, const char *name, uint32_t uid)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", uid);
	if (!strcmp(name, number))
		return true;
	if (*name >= '0' && *name <= '9')
		return strtoul(name, NULL, 10) == uid;
	for (size_t i = 0; i < h->users_cnt; i++)
		if (!strcmp(h->users[i].name, name))
			return h->users[i].uid == uid;
	return false;
}

static bool subject_holds(const struct policy *p, const struct policy_host *h, const struct policy_rule *rule,
			  unsigned int tool, const char *exe, uint32_t uid)
{
	bool user = !rule->users.cnt;

	if (rule->scope == POLICY_TOOL_ANY && !tool)
		return false;
	if (rule->scope == POLICY_TOOL_NONE && tool)
		return false;
	if (rule->scope == POLICY_TOOL_LIST && (!tool || !has(&rule->tools, p->tools[tool - 1].name)))
		return false;
	if (rule->exe.cnt && !naive_path(&rule->exe, h->homes, h->homes_cnt, exe))
		return false;
	if (naive_path(&rule->except, h->homes, h->homes_cnt, exe))
		return false;
	for (size_t i = 0; i < rule->users.cnt; i++)
		user |= is_user(h, rule->users.v[i], uid);
	return user;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

/* A class that no rule names does not exist. */
static bool is_live(const struct policy *p, const char *class)
{
	for (size_t i = 0; i < p->rules_cnt; i++)
		if (p->rules[i].object == POLICY_OBJECT_READ && has(&p->rules[i].classes, class))
			return true;
	return false;
}

static bool is_allowed_by_some_rule(const struct policy *p, const char *class)
{
	for (size_t i = 0; i < p->rules_cnt; i++)
		if (p->rules[i].object == POLICY_OBJECT_READ && p->rules[i].action == SL_ACTION_ALLOW && has(&p->rules[i].classes, class))
			return true;
	return false;
}

/* The file is in this secret class, and the class lives. path NULL: in none. */
static bool is_in(const struct policy *p, const struct policy_host *h, const struct policy_secret *s, const char *path)
{
	if (!path || !is_live(p, s->name))
		return false;
	return is_allowed_by_some_rule(p, s->name) ? naive_path(&s->paths, h->homes, h->homes_cnt, path) :
						     naive_path_any_letters(&s->paths, h->homes, h->homes_cnt, path);
}

static bool loads_at_start(const struct policy *p, const struct policy_host *h, unsigned int tool, const char *path)
{
	for (size_t i = 0; i < p->secrets_cnt; i++)
		if (has(&p->tools[tool - 1].startup, p->secrets[i].name) && is_in(p, h, &p->secrets[i], path))
			return true;
	return false;
}

/* Some purpose-built reader that the program is, is made for this class. */
static bool is_made_for(const struct policy *p, const struct policy_host *h, const struct program *who, const char *class)
{
	for (size_t i = 0; i < p->readers_cnt; i++)
		if (p->readers[i].kind == SL_READER_PURPOSE && has(&p->readers[i].classes, class) && is_the_reader(p, h, who, &p->readers[i]))
			return true;
	return false;
}

/* In at least one secret class, and made for each that it is in. */
static bool is_purpose_built(const struct policy *p, const struct policy_host *h, const struct program *who, const char *path)
{
	size_t in = 0, made_for = 0;

	for (size_t i = 0; i < p->secrets_cnt; i++) {
		if (!is_in(p, h, &p->secrets[i], path))
			continue;
		in++;
		made_for += is_made_for(p, h, who, p->secrets[i].name);
	}
	return in && made_for == in;
}

static bool is_reader(const struct policy *p, const struct policy_host *h, const struct program *who, uint8_t kind, bool asking)
{
	for (size_t i = 0; i < p->readers_cnt; i++)
		if (p->readers[i].kind == kind && (p->readers[i].argv.cnt || !asking) && is_the_reader(p, h, who, &p->readers[i]))
			return true;
	return false;
}

static uint8_t reader_kind(const struct policy *p, const struct policy_host *h, unsigned int tool, const struct program *who,
			   unsigned int mode, const char *path)
{
	static const uint8_t kinds[] = { SL_READER_LOOKING, SL_READER_SWEEP, SL_READER_GENERIC, SL_READER_INTERPRETER };

	if (tool && mode == SL_MODE_STARTUP && loads_at_start(p, h, tool, path))
		return SL_READER_STARTUP;
	if (tool && mode != SL_MODE_CHILD)
		return SL_READER_SELF;
	if (who->improvised)
		return SL_READER_IMPROVISED;
	if (is_reader(p, h, who, SL_READER_LOOKING, true))
		return SL_READER_LOOKING;
	if (is_reader(p, h, who, SL_READER_GENERIC, true))
		return SL_READER_GENERIC;
	if (is_purpose_built(p, h, who, path))
		return SL_READER_PURPOSE;
	for (size_t i = 0; i < sizeof(kinds); i++)
		if (is_reader(p, h, who, kinds[i], false))
			return kinds[i];
	return SL_READER_OTHER;
}

static bool read_holds(const struct policy *p, const struct policy_host *h, const struct policy_rule *rule,
		       unsigned int tool, const char *path)
{
	for (size_t i = 0; i < rule->classes.cnt; i++) {
		const char *class = rule->classes.v[i];

		if (!strcmp(class, "unresolvable")) {
			if (!path)
				return true;
		} else if (!strcmp(class, "own")) {
			if (tool && path && naive_path(&p->tools[tool - 1].own, h->homes, h->homes_cnt, path))
				return true;
		} else {
			for (size_t j = 0; j < p->secrets_cnt; j++)
				if (!strcmp(p->secrets[j].name, class) && is_in(p, h, &p->secrets[j], path))
					return true;
		}
	}
	return false;
}

struct sl_decision eval_file(const struct policy *p, const struct policy_host *h, unsigned int tool, const char *exe,
			     const char *const *argv, size_t argc, unsigned int mode, uint32_t uid, const char *path)
{
	struct program who;
	uint8_t reader;

	look_at(p, h, exe, argv, argc, &who);
	reader = reader_kind(p, h, tool, &who, mode, path);

	for (size_t i = 0; i < p->rules_cnt; i++) {
		const struct policy_rule *rule = &p->rules[i];

		if (rule->object == POLICY_OBJECT_READ && subject_holds(p, h, rule, tool, exe, uid) &&
		    (!rule->readers || rule->readers & 1u << reader) && read_holds(p, h, rule, tool, path))
			return (struct sl_decision){ (uint16_t)(i + 1), rule->action, reader };
	}
	return (struct sl_decision){ 0 };
}

/* ---- connections ----------------------------------------------------------------------------------------------- */

static bool addr_in(const struct compiled_dest *d, uint8_t family, const uint8_t *addr, unsigned int bits)
{
	for (unsigned int i = 0; i < bits; i++)
		if ((d->addr[i / 8] ^ addr[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return d->family == family;
}

static bool in_cidrs(const struct cidr *c, size_t cnt, const struct compiled_dest *d)
{
	for (size_t i = 0; i < cnt; i++)
		if (addr_in(d, c[i].family, c[i].addr, c[i].bits))
			return true;
	return false;
}

static bool in_ports(const uint16_t *ports, size_t cnt, uint16_t port)
{
	for (size_t i = 0; i < cnt; i++)
		if (ports[i] == port)
			return true;
	return !cnt;
}

static bool is_loopback(const struct compiled_dest *d)
{
	static const uint8_t any[16], one[16] = { [15] = 1 };

	if (d->family == 4)
		return d->addr[0] == 127 || !memcmp(d->addr, any, 4);
	return !memcmp(d->addr, any, 16) || !memcmp(d->addr, one, 16);
}

static bool is_private(const struct compiled_dest *d)
{
	const uint8_t *a = d->addr;

	if (d->family == 4)
		return a[0] == 10 || (a[0] == 172 && a[1] >= 16 && a[1] <= 31) || (a[0] == 192 && a[1] == 168) ||
		       (a[0] == 169 && a[1] == 254);
	return a[0] == 0xfc || a[0] == 0xfd || (a[0] == 0xfe && a[1] >= 0x80 && a[1] <= 0xbf);
}

const struct policy_provider *eval_provider(const struct policy *p, const struct compiled_dest *d)
{
	const struct policy_provider *found = NULL;

	for (size_t n = 0; n < d->names_cnt && !found; n++)
		for (size_t i = 0; i < p->providers_cnt; i++)
			if (naive_host(&p->providers[i].domains, d->names[n]) &&
			    in_ports(p->providers[i].ports, p->providers[i].ports_cnt, d->port))
				found = &p->providers[i];
	for (size_t i = p->providers_cnt; i-- > 0 && !found;)
		if (in_cidrs(p->providers[i].cidrs, p->providers[i].cidrs_cnt, d) &&
		    in_ports(p->providers[i].ports, p->providers[i].ports_cnt, d->port))
			found = &p->providers[i];
	return found;
}

static bool provider_in(const struct policy *p, const struct policy_strings *l, unsigned int tool,
			const struct policy_provider *provider, const struct compiled_dest *d)
{
	for (size_t i = 0; i < l->cnt; i++) {
		const char *s = l->v[i];

		if (provider && !strcmp(s, provider->name))
			return true;
		if (!strcmp(s, "own-providers") && tool && provider &&
		    has(&p->tools[tool - 1].providers, provider->name))
			return true;
		if (!strcmp(s, "unknown") && !provider)
			return true;
		if (!strcmp(s, "loopback") && is_loopback(d))
			return true;
		if (!strcmp(s, "private") && is_private(d))
			return true;
	}
	return false;
}

static bool host_in(const struct policy_strings *hosts, const struct compiled_dest *d)
{
	for (size_t n = 0; n < d->names_cnt; n++)
		if (naive_host(hosts, d->names[n]))
			return true;
	return false;
}

static bool connect_holds(const struct policy *p, const struct policy_connect *k, unsigned int tool,
			  const struct policy_provider *provider, const struct compiled_dest *d)
{
	if (k->sockets && (d->kind != SL_NET_SOCKET || !(k->sockets >> d->port & 1)))
		return false;
	if (k->any)
		return true;
	if (d->kind == SL_NET_SOCKET && (k->ports_cnt || k->protos))
		return false;
	if (k->providers.cnt && !provider_in(p, &k->providers, tool, provider, d))
		return false;
	if (k->not_providers.cnt && provider_in(p, &k->not_providers, tool, provider, d))
		return false;
	if (k->tiers.cnt && !(provider && has(&k->tiers, provider->tier)))
		return false;
	if (k->not_tiers.cnt && provider && has(&k->not_tiers, provider->tier))
		return false;
	if (k->regions.cnt && !(provider && has(&k->regions, provider->region)))
		return false;
	if (k->not_regions.cnt && provider && has(&k->not_regions, provider->region))
		return false;
	if (k->hosts.cnt && !host_in(&k->hosts, d))
		return false;
	if (k->cidrs_cnt && !in_cidrs(k->cidrs, k->cidrs_cnt, d))
		return false;
	if (k->protos && !(k->protos & (d->kind == SL_NET_DATAGRAM ? 2u : 1u)))
		return false;
	return in_ports(k->ports, k->ports_cnt, d->port);
}

/* A class that no rule reads does not exist, and so was never read. */
static bool after_holds(const struct policy *p, const struct policy_strings *after, const struct policy_strings *read)
{
	for (size_t i = 0; i < read->cnt; i++)
		if (has(after, read->v[i]) && is_live(p, read->v[i]))
			return true;
	return !after->cnt;
}

struct sl_decision eval_connect(const struct policy *p, const struct policy_host *h, unsigned int tool, const char *exe,
				uint32_t uid, const struct compiled_dest *d, const struct policy_strings *read)
{
	const struct policy_provider *provider = eval_provider(p, d);

	for (size_t i = 0; i < p->rules_cnt; i++) {
		const struct policy_rule *rule = &p->rules[i];

		if (rule->object == POLICY_OBJECT_CONNECT && subject_holds(p, h, rule, tool, exe, uid) &&
		    after_holds(p, &rule->after, read) && connect_holds(p, &rule->connect, tool, provider, d))
			return (struct sl_decision){ .rule = (uint16_t)(i + 1), .action = rule->action };
	}
	return (struct sl_decision){ 0 };
}

/* ---- other processes ------------------------------------------------------------------------------------------- */

struct sl_decision eval_inspect(const struct policy *p, const struct policy_host *h, unsigned int tool, const char *exe,
				const char *const *argv, size_t argc, uint32_t uid, unsigned int what)
{
	struct program who;
	uint8_t reader;

	look_at(p, h, exe, argv, argc, &who);
	reader = reader_kind(p, h, tool, &who, SL_MODE_CHILD, NULL);
	for (size_t i = 0; i < p->rules_cnt; i++) {
		const struct policy_rule *rule = &p->rules[i];

		if (rule->object == POLICY_OBJECT_INSPECT && subject_holds(p, h, rule, tool, exe, uid) &&
		    (!rule->readers || rule->readers & 1u << reader) && rule->inspect & 1u << what)
			return (struct sl_decision){ .rule = (uint16_t)(i + 1), .action = rule->action };
	}
	return (struct sl_decision){ 0 };
}

/* The last pattern that matches decides, whichever of the two lists it is in: path names come first. */
static bool is_met(const struct policy_broker *b, const struct policy_host *h, const char *path, enum eval_at at)
{
	bool hit = false;

	if (at != EVAL_ABSTRACT)
		return naive_path(at == EVAL_SPOOL ? &b->spools : &b->sockets, h->homes, h->homes_cnt, path);
	for (size_t i = 0; i < b->abstract.cnt; i++) {
		bool negated = b->abstract.v[i][0] == '!';
		const char *pattern = b->abstract.v[i] + negated;
		char text[PATTERN_SIZE], name[PATTERN_SIZE], *one = text;
		const struct policy_strings list = { .v = &one, .cnt = 1 };

		snprintf(text, sizeof(text), "/@%s%s", *pattern == '/' ? "" : "/", pattern);
		snprintf(name, sizeof(name), "/@%s%s", *path == '/' ? "" : "/", path);
		if (naive_path(&list, h->homes, h->homes_cnt, name))
			hit = !negated;
	}
	return hit;
}

struct sl_decision eval_broker(const struct policy *p, const struct policy_host *h, unsigned int tool, const char *exe,
			       uint32_t uid, const char *path, enum eval_at at)
{
	for (size_t i = 0; i < p->rules_cnt; i++) {
		const struct policy_rule *rule = &p->rules[i];

		if (rule->object != POLICY_OBJECT_BROKER || !subject_holds(p, h, rule, tool, exe, uid))
			continue;
		for (size_t j = 0; j < p->brokers_cnt; j++)
			if ((has(&rule->brokers, p->brokers[j].name) || has(&rule->brokers, "any")) &&
			    is_met(&p->brokers[j], h, path, at))
				return (struct sl_decision){ .rule = (uint16_t)(i + 1), .action = rule->action };
	}
	return (struct sl_decision){ 0 };
}
