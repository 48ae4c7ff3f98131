/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The compiled tables against the plain evaluator, on random policies and random questions; and the evaluator against
 * answers worked out by hand, so that the two cannot be wrong together. SLUICE_SEED repeats a run.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "fold.h"
#include "policy/eval.h"
#include "policy/naive.h"
#include "record.h"

#define POLICIES 250
#define QUESTIONS 500
#define LARGE_POLICIES 25
#define LARGE_QUESTIONS 1000

static const char *const homes[] = { "/home/*", "/root" };
static const struct policy_user users[] = { { "ann", 1000 }, { "bob", 1001 }, { "root", 0 } };
static const struct policy_host host = { homes, ARRAY_SIZE(homes), users, ARRAY_SIZE(users), false };
static const struct policy_host host_lanes = { homes, ARRAY_SIZE(homes), users, ARRAY_SIZE(users), true };

/* ---- chance ---------------------------------------------------------------------------------------------------- */

static uint64_t chance;

static uint32_t rnd(uint32_t below)
{
	/* splitmix64 */
	uint64_t z = chance += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) % below);
}

#define PICK(list) (list)[rnd(ARRAY_SIZE(list))]

/* ---- words: few enough that patterns and names meet often -------------------------------------------------------- */

static const char *const path_patterns[] = {
	"**/.env", "**/.env.*", ".env*", "!**/.env.example", "!**/*.example", "~/.ssh/id_*", "!**/*.pub", "~/.ssh/**",
	"~/.aws/*", "**/*.pem", "/etc/shadow", "/etc/**", "~/.one/**", "~/.two/**", "~/.one/cache/*", "**/secret/**",
	"/srv/*/key", "/srv/**/key", "**/[a-c]*.pem", "!/home/bob/**", "~/**/*.pem", "id_?sa",
	"**/srv/**/key", "**/*e*", "**/a*", "/home/**", "**/.ssh/**", "**/[a-z]*.env*", "**/shop/*", "**/*.p*", "!**/a/**",
	"**/\u00fcber.*", "**/k\u00e4/**", "**/n\u0303a*", "!**/\u00fcber.e", "/srv/\u5bc6/*", "**/\u02bcn?",
};
static const char *const path_dirs[] = {
	"/home/ann", "/home/bob", "/root", "/etc", "/srv", "/srv/www", "/home/.hidden", "/home/ann/shop", "/home/ann/.ssh",
	"/home/bob/.ssh", "/root/.ssh", "/home/ann/.aws", "/home/ann/.one", "/home/ann/.one/cache", "/home/bob/.two",
	"/home/ann/secret", "/srv/a/b", "", "/home/ann/.two/secret", "/srv/k\u00e4", "/srv/\u5bc6", "/ka\u0308",
};
static const char *const path_names[] = {
	".env", ".env.local", ".env.example", "id_rsa", "id_rsa.pub", "credentials", "a.pem", "x.pem", "shadow", "key",
	"notes.txt", ".env.pem", "b.example", "\u00fcber.e", "u\u0308ber.p", "\u00dcber.e", "n\u0303ab", "\u00f1a", "\u0149x", "na",
};
static const char *const exe_patterns[] = {
	"**/bin/cat", "**/bin/*", "/usr/bin/ssh", "**/node", "**/python3*", "~/.local/one/*", "/opt/two/two", "!**/bin/cat",
	"**/one", "/usr/**", "!/usr/bin/node", "**/bin/[s-z]*", "ssh", "**/two", "**/h\u00e9/*",
};
static const char *const exes[] = {
	"/usr/bin/cat", "/usr/bin/ssh", "/usr/bin/node", "/usr/bin/python3.11", "/home/ann/.local/one/2.1", "/opt/two/two",
	"/home/ann/bin/cat", "/usr/local/bin/one", "/bin/sh", "/usr/bin/aws", "/home/.x/.local/one/1",
};
static const char *const argv_patterns[] = {
	"**/one/cli.js", "**/bin/one", "**/two.py", "two", "!**/old/**", "/opt/one/cli.js", "~/.one/main.js",
};
static const char *const args[] = {
	"/opt/one/cli.js", "one/cli.js", "./one/cli.js", "/usr/bin/one", "two", "-r", "--loader", "-x", "--", "", "-",
	"/home/ann/.one/main.js", "/old/one/cli.js", "x.js", "run", "-m", "two.py", "/a/very/long/"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaa/one/cli.js.and.more.that.is.cut.off",
};
static const char *const arg0s[] = { "node", "rg", "/usr/bin/rg", "ugrep", "bash", "", "grep/" };
static const char *const domain_patterns[] = {
	"api.one.example", "*.one.example", "*.two.example", "!eu.two.example", "*.example", "eu-*.cloud.example",
	"x.*.cloud.example", "one.example", "*", "a.**.example",
};
static const char *const hosts[] = {
	"api.one.example", "one.example", "a.b.one.example", "eu.two.example", "us.two.example", "eu-1.cloud.example",
	"x.eu.cloud.example", "localhost", "a.x.y.example", "EU.two.example",
};
static const char *const cidrs[] = {
	"192.0.2.0/24", "192.0.2.128/25", "10.0.0.0/8", "127.0.0.1", "2001:db8::/32", "::1", "0.0.0.0/0", "fd00::/8",
};
static const uint16_t ports[] = { 443, 80, 53, 11434, 8443, 22 };
static const char *const tiers[] = { "api", "consumer", "local" };
static const char *const regions[] = { "eu", "us" };

/* ---- random policies ---------------------------------------------------------------------------------------------- */

static const char *const entries[] = {
	"two", "run two", "-x", "-r two", "two -x*", "**/cli.js", "? -*", "x.js", "-*", "one two -e", "two|x.js|run -e|-x", "-r|--loader two.py|**/one",
};

/* Readers, starts and `after:` ask for the first classes alone: the others may be left out where another decides. */
enum { CLASSES = 4, ALL_CLASSES = 9, TOOLS = 3, READERS = 4, BROKERS = 3 };

/* A small policy has a few of everything. A large one has many providers and connect rules, with names and ranges made up. */
static unsigned int providers_cnt = 4;
static bool large;

static void add_list(struct strbuf *b, const char *const *words, size_t cnt, unsigned int max)
{
	unsigned int n = 1 + rnd(max);

	strbuf_adds(b, "[");
	for (unsigned int i = 0; i < n; i++)
		strbuf_addf(b, "%s\"%s\"", i ? ", " : "", words[rnd((uint32_t)cnt)]);
	strbuf_adds(b, "]");
}

/* NAMEn, ... out of cnt numbered names; and now and then one of the extra words. */
static void add_names(struct strbuf *b, const char *name, unsigned int cnt, const char *const *extra, size_t extra_cnt)
{
	unsigned int n = 1 + rnd(3);

	strbuf_adds(b, "[");
	for (unsigned int i = 0; i < n; i++) {
		strbuf_adds(b, i ? ", " : "");
		if (extra_cnt && !rnd(3))
			strbuf_adds(b, extra[rnd((uint32_t)extra_cnt)]);
		else
			strbuf_addf(b, "%s%u", name, rnd(cnt));
	}
	strbuf_adds(b, "]");
}

static void add_ports(struct strbuf *b)
{
	if (rnd(2))
		strbuf_addf(b, "[%u, %u]", PICK(ports), PICK(ports));
	else
		strbuf_addf(b, "%u", PICK(ports));
}

/* "x-2.b.*.example": of few words, so that they are within one another. */
static void add_name(struct strbuf *b, bool pattern)
{
	static const char *const labels[] = { "a", "b", "eu-1", "eu-2", "x", "api", "xa" };
	static const char *const wild[] = { "*", "**", "eu-*", "*a", "x*" };
	unsigned int n = rnd(4);

	if (pattern && !rnd(6))
		strbuf_adds(b, "!");
	for (unsigned int i = 0; i < n; i++)
		strbuf_addf(b, "%s.", pattern && !rnd(4) ? PICK(wild) : PICK(labels));
	strbuf_addf(b, "%s.example", PICK(labels));
}

static void add_hosts(struct strbuf *b)
{
	unsigned int n = 1 + rnd(4);

	if (!large) {
		add_list(b, domain_patterns, ARRAY_SIZE(domain_patterns), 3);
		return;
	}
	strbuf_adds(b, "[");
	for (unsigned int i = 0; i < n; i++) {
		strbuf_adds(b, i ? ", \"" : "\"");
		add_name(b, true);
		strbuf_adds(b, "\"");
	}
	strbuf_adds(b, "]");
}

/* Of four bits in each of two bytes, so that they are within one another. */
static void add_range(struct strbuf *b)
{
	static const unsigned int bits[] = { 8, 9, 10, 12, 14, 16, 32, 10, 12 };
	unsigned int n = PICK(bits), second = rnd(16) << 4, mask = n >= 16 ? 0xff : 0xff00 >> (n - 8) & 0xff;

	if (rnd(4))
		strbuf_addf(b, "%u.%u.0.0/%u", 10 + rnd(2), second & mask, n);
	else
		strbuf_addf(b, "\"2001:db8:%x::/%u\"", second << 8, 48);
}

static void add_cidrs(struct strbuf *b)
{
	unsigned int n = 1 + rnd(4);

	if (!large) {
		add_list(b, cidrs, ARRAY_SIZE(cidrs), 3);
		return;
	}
	strbuf_adds(b, "[");
	for (unsigned int i = 0; i < n; i++) {
		strbuf_adds(b, i ? ", " : "");
		add_range(b);
	}
	strbuf_adds(b, "]");
}

static void add_definitions(struct strbuf *b)
{
	strbuf_adds(b, "version: 1\nsecrets:\n");
	for (unsigned int i = 0; i < ALL_CLASSES; i++) {
		strbuf_addf(b, "  class%u: {paths: ", i);
		add_list(b, path_patterns, ARRAY_SIZE(path_patterns), 5);
		strbuf_adds(b, "}\n");
	}
	strbuf_adds(b, "tools:\n");
	for (unsigned int i = 0; i < TOOLS; i++) {
		strbuf_addf(b, "  tool%u:\n    exe: ", i);
		add_list(b, exe_patterns, ARRAY_SIZE(exe_patterns), 2);
		if (rnd(2)) {
			strbuf_adds(b, "\n    argv: ");
			add_list(b, argv_patterns, ARRAY_SIZE(argv_patterns), 3);
		}
		if (rnd(2))
			strbuf_adds(b, "\n    helpers: [rg, \"u*\"]");
		if (rnd(4)) {
			strbuf_adds(b, "\n    own: ");
			add_list(b, path_patterns, ARRAY_SIZE(path_patterns), 3);
		}
		if (rnd(2)) {
			strbuf_adds(b, "\n    startup: {within: 10s, classes: ");
			add_names(b, "class", CLASSES, NULL, 0);
			strbuf_adds(b, "}");
		}
		strbuf_adds(b, "\n    providers: ");
		add_names(b, "provider", providers_cnt, NULL, 0);
		strbuf_adds(b, "\n");
	}
	strbuf_adds(b, "interpreters:\n  node: {exe: [\"**/node\"], value-options: [-r], run: [run, x.js], inline: [two, \"-\", \"-x*\"]}\n"
		       "  python: {exe: [\"**/python3*\", \"!**/nothing\"], value-options: [--loader], inline: [\"-[a-z]\"]}\n  shell: {exe: [\"/bin/sh\", \"**/cat\"], shell: true, inline: [\"-x*\"]}\n  perl: {exe: [\"**/perl\", \"**/python3\"], inline: [two, \"-\", \"-x*\"]}\nreaders:\n");
	for (unsigned int i = 0; i < READERS; i++) {
		strbuf_addf(b, "  reader%u: {exe: ", i);
		add_list(b, exe_patterns, ARRAY_SIZE(exe_patterns), 3);
		if (rnd(2)) {
			strbuf_adds(b, ", script: ");
			add_list(b, argv_patterns, ARRAY_SIZE(argv_patterns), 3);
		}
		if (rnd(2)) {
			strbuf_adds(b, ", argv: ");
			add_list(b, entries, ARRAY_SIZE(entries), 3);
		}
		if (!rnd(3)) {
			strbuf_adds(b, ", unless: ");
			add_list(b, entries, ARRAY_SIZE(entries), 2);
		}
		if (rnd(2)) {
			strbuf_adds(b, ", for: ");
			add_names(b, "class", CLASSES, NULL, 0);
			strbuf_adds(b, "}\n");
		} else {
			static const char *const reader_kinds[] = { "generic", "interpreter", "looking", "sweep", "generic" };

			strbuf_addf(b, ", kind: %s}\n", PICK(reader_kinds));
		}
	}
	strbuf_adds(b, "providers:\n");
	for (unsigned int i = 0; i < providers_cnt; i++) {
		strbuf_addf(b, "  provider%u:\n    domains: ", i);
		add_hosts(b);
		if (rnd(2)) {
			strbuf_adds(b, "\n    cidrs: ");
			add_cidrs(b);
		}
		if (!rnd(3)) {
			strbuf_adds(b, "\n    ports: ");
			add_ports(b);
		}
		if (rnd(3))
			strbuf_addf(b, "\n    tier: %s", PICK(tiers));
		if (rnd(2))
			strbuf_addf(b, "\n    region: %s", PICK(regions));
		strbuf_adds(b, "\n");
	}
}

static void add_subject(struct strbuf *b)
{
	static const char *const scopes[] = { "any", "none", "all", "tool0", "[tool1, tool2]" };
	static const char *const names[] = { "ann", "bob", "1000", "0", "4711", "nobody-here" };

	strbuf_addf(b, "    tool: %s\n", PICK(scopes));
	if (!rnd(3)) {
		strbuf_adds(b, "    exe: ");
		add_list(b, exe_patterns, ARRAY_SIZE(exe_patterns), 2);
		strbuf_adds(b, "\n");
	}
	if (!rnd(4)) {
		strbuf_adds(b, "    except: ");
		add_list(b, exe_patterns, ARRAY_SIZE(exe_patterns), 2);
		strbuf_adds(b, "\n");
	}
	if (!rnd(4)) {
		strbuf_adds(b, "    user: ");
		add_list(b, names, ARRAY_SIZE(names), 2);
		strbuf_adds(b, "\n");
	}
}

static void add_connect(struct strbuf *b)
{
	static const char *const words[] = { "own-providers", "unknown", "loopback", "private" };
	struct strbuf k = STRBUF_INIT;

	if (!rnd(large ? 1000 : 8)) {
		strbuf_adds(b, "    connect: any\n");
		return;
	}
	/* The more conditions, the more rules are looked at before one holds. */
	for (int i = 0; i < (large ? 5 : 2) || !k.len; i++) {
		unsigned int what = rnd(10);
		static const char *const keys[] = {
			"provider", "not", "tier", "not-tier", "region", "not-region", "host", "cidr", "port", "proto",
		};
		static const char *const protos[] = { "tcp", "udp" };

		/* Once each. */
		if (k.len && strstr(strbuf_str(&k), keys[what]))
			continue;
		strbuf_addf(&k, "%s%s: ", k.len ? ", " : "", keys[what]);
		if (what < 2)
			add_names(&k, "provider", providers_cnt, words, ARRAY_SIZE(words));
		else if (what < 4)
			add_list(&k, tiers, ARRAY_SIZE(tiers), 2);
		else if (what < 6)
			add_list(&k, regions, ARRAY_SIZE(regions), 2);
		else if (what == 6)
			add_hosts(&k);
		else if (what == 7)
			add_cidrs(&k);
		else if (what == 8)
			add_ports(&k);
		else
			add_list(&k, protos, ARRAY_SIZE(protos), 2);
	}
	strbuf_addf(b, "    connect: {%s}\n", strbuf_str(&k));
	strbuf_done(&k);
	if (!rnd(4)) {
		/* There are at most four conditions: two lists, one time each. */
		strbuf_addf(b, "    after: {read: %s%s}\n", rnd(2) ? "[class0, class1]" : "class2", rnd(2) ? ", within: 30m" : "");
	}
}

static const char *const socket_patterns[] = {
	"/run/*.sock", "/run/user/*/bus", "~/.one/*", "!/run/user/1000/*", "/tmp/*/default", "/run/**", "!**/other.sock",
};
static const char *const socket_paths[] = {
	"/run/one.sock", "/run/other.sock", "/run/user/1000/bus", "/run/user/7/bus", "/home/ann/.one/s", "/tmp/x/default", "/srv/s",
};
static const char *const abstract_patterns[] = { "/tmp/.X11-unix/*", "one-*", "!one-two", "*" };
static const char *const abstract_names[] = { "/tmp/.X11-unix/X0", "one-1", "one-two", "two", "/run/one.sock" };

static void add_brokers(struct strbuf *b)
{
	strbuf_adds(b, "brokers:\n");
	for (unsigned int i = 0; i < BROKERS; i++) {
		bool spools = !rnd(3);

		strbuf_addf(b, "  broker%u:\n    %s: ", i, spools ? "spools" : "sockets");
		add_list(b, socket_patterns, ARRAY_SIZE(socket_patterns), 3);
		if (!spools && rnd(2)) {
			strbuf_adds(b, "\n    abstract: ");
			add_list(b, abstract_patterns, ARRAY_SIZE(abstract_patterns), 2);
		}
		strbuf_adds(b, "\n");
	}
}

/* Rules about what leads out of a session know no tool outside of one. */
static void add_peer_rule(struct strbuf *b, unsigned int i)
{
	static const char *const actions[] = { "allow", "log", "alert", "block" };
	static const char *const whats[] = { "memory", "environ", "trace", "descriptors" };
	static const char *const scopes[] = { "any", "tool0", "[tool1, tool2]" };
	static const char *const kinds[] = { "generic", "interpreter", "improvised", "looking", "sweep", "other" };
	bool reads;

	strbuf_addf(b, "  - id: peer%u\n    action: %s\n    tool: %s\n", i, PICK(actions), PICK(scopes));
	if (!rnd(3)) {
		strbuf_adds(b, "    exe: ");
		add_list(b, exe_patterns, ARRAY_SIZE(exe_patterns), 2);
		strbuf_adds(b, "\n");
	}
	if (!rnd(4))
		strbuf_adds(b, "    user: [ann, 0]\n");
	strbuf_addf(b, "    %s: ", rnd(2) ? "inspect" : "broker");
	reads = b->data[b->len - 3] == 't' && rnd(2);
	if (b->data[b->len - 3] == 't')
		rnd(4) ? add_list(b, whats, ARRAY_SIZE(whats), 2) : strbuf_adds(b, "any");
	else
		rnd(4) ? add_names(b, "broker", BROKERS, NULL, 0) : strbuf_adds(b, "any");
	strbuf_adds(b, "\n");
	if (reads) {
		strbuf_adds(b, "    reader: ");
		add_list(b, kinds, ARRAY_SIZE(kinds), 3);
		strbuf_adds(b, "\n");
	}
}

static void add_rules(struct strbuf *b)
{
	static const char *const actions[] = { "allow", "log", "alert", "block" };
	static const char *const kinds[] = { "self", "startup", "generic", "interpreter", "improvised", "purpose-built", "looking", "sweep", "other" };
	static const char *const words[] = { "own", "unresolvable" };
	unsigned int cnt = large ? 60 + rnd(300) : 2 + rnd(14);

	strbuf_adds(b, "rules:\n");
	for (unsigned int i = 0; i < cnt; i++) {
		if (!rnd(large ? 30 : 3)) {
			add_peer_rule(b, i);
			continue;
		}
		strbuf_addf(b, "  - id: rule%u\n    action: %s\n", i, PICK(actions));
		add_subject(b);
		if (rnd(3) && (!large || !rnd(20))) {
			strbuf_adds(b, "    read: ");
			add_names(b, "class", ALL_CLASSES, words, ARRAY_SIZE(words));
			strbuf_adds(b, "\n");
			if (rnd(2)) {
				strbuf_addf(b, "    reader: %s", rnd(2) ? "{not: " : "");
				if (b->data[b->len - 1] == ' ' && b->data[b->len - 2] == ':' &&
				    b->data[b->len - 3] == 't') {
					add_list(b, kinds, ARRAY_SIZE(kinds), 3);
					strbuf_adds(b, "}\n");
				} else {
					add_list(b, kinds, ARRAY_SIZE(kinds), 3);
					strbuf_adds(b, "\n");
				}
			}
		} else {
			add_connect(b);
		}
	}
}

/* ---- random questions --------------------------------------------------------------------------------------------- */

struct subject {
	unsigned int tool, mode, exe_set;
	uint32_t uid;
	const char *exe, *argv[9];
	size_t argc;
};

static struct subject random_subject(const struct compiled *c)
{
	static const uint32_t uids[] = { 0, 1000, 1001, 4711, 65534 };
	struct subject s = {
		.tool = rnd(TOOLS + 1), .mode = rnd(SL_MODES), .uid = PICK(uids), .exe = PICK(exes),
	};

	s.argc = rnd(ARRAY_SIZE(s.argv) + 1);
	for (size_t i = 0; i < s.argc; i++)
		s.argv[i] = i ? PICK(args) : PICK(arg0s);
	s.exe_set = compiled_exec(c, s.exe, s.argv, s.argc).exe_set;
	return s;
}

static void ask_exec(const struct compiled *c, const char *text)
{
	const char *argv[9], *exe = PICK(exes);
	size_t argc = rnd(ARRAY_SIZE(argv) + 1);
	struct compiled_exec got, want;

	for (size_t i = 0; i < argc; i++)
		argv[i] = i ? PICK(args) : PICK(arg0s);
	got = compiled_exec(c, exe, argv, argc);
	want = eval_exec(c->policy, &host, exe, argv, argc);
	if (got.tool == want.tool && got.evidence == want.evidence && got.helper == want.helper && got.improvised == want.improvised)
		return;
	for (size_t i = 0; i < argc; i++)
		print_error("argv[%zu]: \"%s\"\n", i, argv[i]);
	fail_msg("%s\n%s: compiled says tool %u evidence %u helper %d improvised %d, plainly it is %u %u %d %d", text, exe, got.tool,
		 got.evidence, got.helper, got.improvised, want.tool, want.evidence, want.helper, want.improvised);
}

static bool same(struct sl_decision a, struct sl_decision b)
{
	return a.rule == b.rule && a.action == b.action && a.reader == b.reader;
}

/*
 * Spells some components of a path otherwise and lets some directories ignore case, each on its own. how: as names_fold() takes it; plain: as
 * the evaluator does.
 */
static void respell(char *path, uint8_t *how, char *plain)
{
	size_t component = 0;

	how[0] = SL_NAMES_EXACT;
	for (char *at = path; *at; at++) {
		bool other = rnd(3) == 0;

		*plain++ = *at;
		if (*at != '/')
			continue;
		how[++component] = rnd(2) ? SL_NAMES_FOLD : SL_NAMES_EXACT;
		if (how[component] == SL_NAMES_FOLD && at[1] && at[1] != '/')
			*plain++ = NAIVE_FOLDED;
		for (; at[1] && at[1] != '/'; at++) {
			if (other && rnd(2))
				at[1] = (char)toupper(at[1]);
			*plain++ = at[1];
		}
	}
	*plain = '\0';
}

/* Returns whether the file is in sets of several lanes. */
static bool ask_file(const struct compiled *c, const char *text, size_t *decided)
{
	struct subject s = random_subject(c);
	char buf[256], as_plain[512], *path = buf, *plain = as_plain;
	uint8_t how[sizeof(buf)];
	unsigned int set;
	struct sl_decision got, want;
	bool unknown;

	snprintf(buf, sizeof(buf), "%s/%s", PICK(path_dirs), PICK(path_names));
	snprintf(as_plain, sizeof(as_plain), "%s", buf);
	memset(how, SL_NAMES_EXACT, sizeof(how));
	if (!rnd(20))
		path = plain = NULL;
	else if (rnd(2))
		respell(path, how, plain);
	set = path ? dfa_match_names(c->path, path, strlen(path), how, &unknown) : SL_SET_UNRESOLVED;
	got = compiled_file(c, s.tool, s.exe_set, s.mode, s.uid, set);
	want = eval_file(c->policy, &host, s.tool, s.exe, s.argv, s.argc, s.mode, s.uid, plain);
	*decided += want.rule != 0;
	if (!same(got, want))
		fail_msg("%s\ntool %u exe %s mode %u uid %u path %s: the tables say rule %u action %u reader %u, plainly it is %u %u %u",
			 text, s.tool, s.exe, s.mode, s.uid, path, got.rule, got.action, got.reader, want.rule,
			 want.action, want.reader);
	return set >= SL_COMBOS_FIRST;
}

static struct compiled_dest random_dest(const char **names)
{
	static const struct {
		uint8_t family, addr[16];
	} addrs[] = {
		{ 4, { 192, 0, 2, 7 } },   { 4, { 192, 0, 2, 200 } }, { 4, { 10, 1, 2, 3 } },   { 4, { 127, 0, 0, 1 } },
		{ 4, { 0 } },              { 4, { 172, 15, 0, 1 } },  { 4, { 172, 31, 0, 1 } }, { 4, { 169, 254, 1, 1 } },
		{ 4, { 198, 51, 100, 9 } }, { 6, { 0x20, 1, 0xd, 0xb8 } }, { 6, { [15] = 1 } }, { 6, { 0xfd, 1 } },
		{ 6, { 0xfe, 0x80 } },     { 6, { 0xfe, 0xc0 } },     { 6, { 0x2a } },          { 6, { 0 } },
	};
	size_t a = rnd(ARRAY_SIZE(addrs));
	struct compiled_dest d = { .family = addrs[a].family, .kind = (uint8_t)rnd(2), .port = PICK(ports), .names = names,
				   .names_cnt = rnd(4) };

	memcpy(d.addr, addrs[a].addr, sizeof(d.addr));
	if (large && rnd(4)) {
		d.family = rnd(4) ? 4 : 6;
		memcpy(d.addr, d.family == 4 ? (uint8_t[16]){ (uint8_t)(10 + rnd(2)), (uint8_t)(rnd(16) << 4) } :
					       (uint8_t[16]){ 0x20, 1, 0xd, 0xb8, (uint8_t)(rnd(16) << 4) }, sizeof(d.addr));
	}
	for (size_t i = 0; i < d.names_cnt; i++) {
		static char made[4][128];
		struct strbuf b = STRBUF_INIT;

		names[i] = PICK(hosts);
		if (!large)
			continue;
		add_name(&b, false);
		snprintf(made[i], sizeof(made[i]), "%s", strbuf_str(&b));
		names[i] = made[i];
		strbuf_done(&b);
	}
	return d;
}

/* Some classes that the session has read, and which conditions that makes true: as reads of files of these classes would. */
static struct policy_strings random_read(const struct compiled *c, char **classes, uint32_t *state)
{
	struct policy_strings read = { .v = classes };

	*state = 0;
	for (size_t i = 0; i < c->policy->secrets_cnt; i++) {
		bool is_there = false;

		if (rnd(3))
			continue;
		for (uint32_t s = SL_SET_UNRESOLVED + 1; s < c->path->info.sets; s++) {
			const char *names[DFA_CLASSES_MAX];
			size_t cnt = compiled_classes(c, s, names, ARRAY_SIZE(names));

			/* Only files of this class and no other: what else was read with it would count, too. */
			if (cnt == 1 && !strcmp(names[0], c->policy->secrets[i].name)) {
				*state |= c->memory_sets[s];
				is_there = true;
			}
		}
		if (is_there)
			classes[read.cnt++] = c->policy->secrets[i].name;
	}
	return read;
}

static void ask_connect(const struct compiled *c, const char *text, size_t *decided)
{
	struct subject s = random_subject(c);
	const char *names[4];
	struct compiled_dest d = random_dest(names);
	char *classes[DFA_CLASSES_MAX];
	struct policy_strings read = random_read(c, classes, &d.state);
	struct sl_decision got = compiled_connect(c, s.tool, s.exe_set, s.uid, &d);
	struct sl_decision want = eval_connect(c->policy, &host, s.tool, s.exe, s.uid, &d, &read);
	const struct policy_provider *by_tables = compiled_provider(c, &d).provider;
	const struct policy_provider *plainly = eval_provider(c->policy, &d);

	*decided += want.rule != 0;
	if (same(got, want) && by_tables == plainly)
		return;
	for (size_t i = 0; i < d.names_cnt; i++)
		print_error("name %zu: %s\n", i, names[i]);
	fail_msg("%s\ntool %u exe %s uid %u to %u.%u.%u.%u (%u) port %u: compiled says provider %s rule %u, plainly it is %s %u",
		 text, s.tool, s.exe, s.uid, d.addr[0], d.addr[1], d.addr[2], d.addr[3], d.family, d.port,
		 by_tables ? by_tables->name : "-", got.rule, plainly ? plainly->name : "-", want.rule);
}

/*
 * The kernel's tables, with names as the kernel knows them. Expected: of the names that count most (asked by this session,
 * then valid ones), the strictest verdict that the plain evaluator has for one of them alone; the first rule where equal.
 */
static void ask_net(const struct compiled *c, const char *text, size_t *decided, size_t *several)
{
	static const uint64_t now = SL_NET_GRACE_NS * 3;
	struct subject s = random_subject(c);
	const char *names[4];
	struct compiled_dest d = random_dest(names);
	char *classes[DFA_CLASSES_MAX];
	struct policy_strings read = random_read(c, classes, &d.state);
	struct sl_net_names known = { 0 };
	size_t cnt = d.names_cnt;
	uint32_t asker = sl_net_asker(7, 100), best = 0, candidates = 0;
	struct sl_decision want;
	struct sl_net_choice got;

	for (size_t i = 0; i < d.names_cnt; i++) {
		struct sl_net_name *n = &known.names[i];
		bool asked = rnd(2), valid = rnd(3), gone = !valid && !rnd(3);

		n->askers[rnd(SL_NET_ASKERS)] = asked ? asker : sl_net_asker(8, 100);
		n->word = SL_NET_WORD(valid ? now : gone ? now - SL_NET_GRACE_NS - 65536 : now - SL_NET_GRACE_NS,
				      compiled_name_set(c, names[i]));
	}
	d.names_cnt = 0;
	want = eval_connect(c->policy, &host, s.tool, s.exe, s.uid, &d, &read);
	for (size_t i = 0; i < cnt; i++) {
		const struct sl_net_name *n = &known.names[i];
		bool asked = n->askers[0] == asker || n->askers[1] == asker || n->askers[2] == asker ||
			     n->askers[3] == asker;
		uint64_t until = n->word | 0xffff;
		uint32_t rank = until >= now ? 2 : now - until <= SL_NET_GRACE_NS ? 1 : 0;
		struct sl_decision v;

		if (!rank)
			continue;
		rank += asked ? 2 : 0;
		d.names = &names[i];
		d.names_cnt = 1;
		v = eval_connect(c->policy, &host, s.tool, s.exe, s.uid, &d, &read);
		if (rank < best)
			continue;
		candidates = rank > best ? 1 : candidates + 1;
		if (rank > best || v.action > want.action ||
		    (v.action == want.action && v.rule && (!want.rule || v.rule < want.rule)))
			want = v;
		best = rank;
	}
	got = compiled_net_verdict(c, s.tool, s.exe_set, s.uid, &d, &known, asker, now);
	*decided += want.rule != 0;
	*several += candidates > 1;
	if (got.rule == want.rule && got.action == want.action && got.names == candidates)
		return;
	for (size_t i = 0; i < cnt; i++)
		print_error("name %zu: %s, until %llu\n", i, names[i], (unsigned long long)known.names[i].word);
	fail_msg("%s\ntool %u exe %s uid %u to %u.%u.%u.%u (%u) port %u: the kernel's tables say rule %u action %u of %u names, plainly it is %u %u of %u",
		 text, s.tool, s.exe, s.uid, d.addr[0], d.addr[1], d.addr[2], d.addr[3], d.family, d.port, got.rule, got.action,
		 got.names, want.rule, want.action, candidates);
}

static void ask_peer(const struct compiled *c, const char *text, size_t *decided)
{
	struct subject s = random_subject(c);
	unsigned int what = rnd(SL_PEER_INSPECTS + 3), object = what;
	struct sl_decision got, want;
	const char *path = "";
	char buf[256];

	if (!s.tool)
		return;
	if (what < SL_PEER_INSPECTS) {
		want = eval_inspect(c->policy, &host, s.tool, s.exe, s.argv, s.argc, s.uid, what);
	} else {
		enum eval_at at = EVAL_SOCKET + (what - SL_PEER_INSPECTS);
		int len;

		path = at == EVAL_ABSTRACT ? PICK(abstract_names) : PICK(socket_paths);
		len = at == EVAL_ABSTRACT ? compiled_abstract(path, strlen(path), buf, sizeof(buf)) :
				 snprintf(buf, sizeof(buf), "%s", path);
		assert_true(len > 0);
		object = (at == EVAL_SPOOL ? c->spool_objects : c->peer_objects)[dfa_match(c->sock, buf, (size_t)len)];
		want = eval_broker(c->policy, &host, s.tool, s.exe, s.uid, path, at);
		if (!object) {
			if (want.rule)
				fail_msg("%s\n%s is of no broker, but rule %u decides", text, path, want.rule);
			return;
		}
	}
	got = compiled_peer(c, s.tool, s.exe_set, s.uid, object);
	*decided += want.rule != 0;
	if (!same(got, want))
		fail_msg("%s\ntool %u exe %s uid %u object %u %s: the tables say rule %u action %u, plainly it is %u %u", text, s.tool,
			 s.exe, s.uid, object, path, got.rule, got.action, want.rule, want.action);
}

static uint64_t seed_of_run(void)
{
	const char *given = getenv("SLUICE_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);

	print_message("SLUICE_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

struct made {
	struct strbuf text;
	struct policy *policy;
	struct compiled *compiled, *laned; /* the same, and with its classes in lanes */
};

static void make(struct made *m)
{
	struct policy_source src;
	struct errmsg e;

	*m = (struct made){ .text = STRBUF_INIT };
	add_definitions(&m->text);
	add_brokers(&m->text);
	add_rules(&m->text);
	assert_true(strbuf_ok(&m->text));
	src = (struct policy_source){ .name = (char[]){ "random.yaml" }, .text = m->text.data, .len = m->text.len };
	if (policy_load_sources(&src, 1, &m->policy, &e) < 0 || policy_compile(m->policy, &host, &m->compiled, &e) < 0 ||
	    policy_compile(m->policy, &host_lanes, &m->laned, &e) < 0)
		fail_msg("%s:%u:%u: %s\n%s", e.file, e.line, e.column, e.text, m->text.data);
}

static void made_done(struct made *m)
{
	compiled_free(m->compiled);
	compiled_free(m->laned);
	policy_free(m->policy);
	strbuf_done(&m->text);
}

static void tables_mean_what_the_policy_says(void **state)
{
	uint64_t seed = seed_of_run();
	size_t files = 0, connects = 0, kernel = 0, several = 0, peers = 0, in_lanes = 0;

	(void)state;
	for (unsigned int i = 0; i < POLICIES; i++) {
		struct made m;

		chance = seed * 1000003 + i;
		make(&m);
		for (unsigned int j = 0; j < QUESTIONS; j++) {
			ask_exec(m.compiled, m.text.data);
			ask_file(m.compiled, m.text.data, &files);
			in_lanes += ask_file(m.laned, m.text.data, &files);
			ask_connect(m.compiled, m.text.data, &connects);
			ask_net(m.compiled, m.text.data, &kernel, &several);
			ask_peer(m.compiled, m.text.data, &peers);
		}
		made_done(&m);
	}
	/* Questions that no rule decides test little: enough must meet one. */
	assert_in_range(files, POLICIES * QUESTIONS / 10, 2 * POLICIES * QUESTIONS);
	assert_in_range(in_lanes, POLICIES * QUESTIONS / 100, POLICIES * QUESTIONS);
	assert_in_range(connects, POLICIES * QUESTIONS / 20, POLICIES * QUESTIONS);
	assert_in_range(kernel, POLICIES * QUESTIONS / 20, POLICIES * QUESTIONS);
	assert_in_range(peers, POLICIES * QUESTIONS / 20, POLICIES * QUESTIONS);
	assert_in_range(several, POLICIES * QUESTIONS / 40, POLICIES * QUESTIONS);
}

/* Vectors of several words: scores of providers, hundreds of rules, names and ranges within one another. */
static void many_connect_rules_mean_what_the_policy_says(void **state)
{
	uint64_t seed = seed_of_run();
	size_t connects = 0, kernel = 0, several = 0, peers = 0, late = 0;

	(void)state;
	large = true;
	for (unsigned int i = 0; i < LARGE_POLICIES; i++) {
		struct made m;

		chance = seed * 1000033 + i;
		providers_cnt = 10 + rnd(90);
		make(&m);
		late += m.compiled->net.info.words > 1;
		for (unsigned int j = 0; j < LARGE_QUESTIONS; j++) {
			ask_connect(m.compiled, m.text.data, &connects);
			ask_net(m.compiled, m.text.data, &kernel, &several);
			ask_peer(m.compiled, m.text.data, &peers);
		}
		made_done(&m);
	}
	large = false;
	providers_cnt = 4;
	assert_in_range(connects, LARGE_POLICIES * LARGE_QUESTIONS / 10, LARGE_POLICIES * LARGE_QUESTIONS);
	assert_in_range(kernel, LARGE_POLICIES * LARGE_QUESTIONS / 10, LARGE_POLICIES * LARGE_QUESTIONS);
	assert_in_range(several, LARGE_POLICIES * LARGE_QUESTIONS / 40, LARGE_POLICIES * LARGE_QUESTIONS);
	assert_in_range(late, LARGE_POLICIES / 2, LARGE_POLICIES);
}

/* ---- the plain matcher against answers from its specification ----------------------------------------------------- */

static bool path_is(const char *pattern, const char *path)
{
	char *v = (char *)(uintptr_t)pattern;
	struct policy_strings one = { .v = &v, .cnt = 1 };

	return naive_path(&one, homes, ARRAY_SIZE(homes), path);
}

static void plain_paths(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool hit;
	} cases[] = {
		{ "**/.env", "/.env", true },             { "**/.env", "/a/b/.env", true },
		{ "**/.env", "/a/.env/b", false },        { "**/.env", "/a/x.env", false },
		{ ".env", "/a/b/.env", true },            { "/a/b", "/a/b", true },
		{ "/a/b", "/a/b/c", false },              { "/a/b", "/x/a/b", false },
		{ "~/.ssh/id_*", "/home/ann/.ssh/id_rsa", true }, { "~/.ssh/id_*", "/root/.ssh/id_", true },
		{ "~/.ssh/id_*", "/home/.x/.ssh/id_rsa", false }, { "~/.ssh/id_*", "/home/a/b/.ssh/id_rsa", false },
		{ "~/.ssh/id_*", "/srv/.ssh/id_rsa", false }, { "/a/**", "/a/b", true },
		{ "/a/**", "/a/b/c", true },              { "/a/**", "/a", false },
		{ "/a/**/z", "/a/z", true },              { "/a/**/z", "/a/b/c/z", true },
		{ "/a/**/z", "/a/b/c/y", false },         { "/a/*/z", "/a/b/z", true },
		{ "/a/*/z", "/a/z", false },              { "/a/*/z", "/a/b/c/z", false },
		{ "/a/?", "/a/bc", false },               { "/a/[b-d]x", "/a/cx", true },
		{ "/a/[!b-d]x", "/a/cx", false },         { "/a/[]x]", "/a/]", true },
		{ "/a/\\*", "/a/*", true },               { "/a/\\*", "/a/b", false },
		{ "/a/[[:digit:]]", "/a/7", true },       { "/a/[[:digit:]]", "/a/x", false },
		{ "!/a/b", "/a/b", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (path_is(cases[i].pattern, cases[i].path) != cases[i].hit)
			fail_msg("%s %s %s", cases[i].pattern, cases[i].hit ? "should match" : "should not match",
				 cases[i].path);
}

static void plain_hosts(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool hit;
	} cases[] = {
		{ "api.one.example", "api.one.example", true },  { "api.one.example", "API.One.example", true },
		{ "api.one.example", "x.api.one.example", false }, { "*.one.example", "a.one.example", true },
		{ "*.one.example", "a.b.one.example", true },    { "*.one.example", "one.example", false },
		{ "x.*.example", "x.a.example", true },          { "x.*.example", "x.a.b.example", false },
		{ "eu-*.example", "eu-1.example", true },        { "eu-*.example", "eu-.example", true },
		{ "eu-*.example", "eu-1.a.example", false },     { "a.**.example", "a.b.c.example", true },
		{ "a.**.example", "a.example", false },          { "*", "localhost", true },
		{ "*", "a.b", true },                            { "!*", "a.b", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *v = (char *)(uintptr_t)cases[i].pattern;
		struct policy_strings one = { .v = &v, .cnt = 1 };

		if (naive_host(&one, cases[i].name) != cases[i].hit)
			fail_msg("%s %s %s", cases[i].pattern, cases[i].hit ? "should match" : "should not match",
				 cases[i].name);
	}
}

static void last_match_decides(void **state)
{
	char a[] = "**/.env*", b[] = "!**/.env.example", c[] = "/keep/**";
	char *v[] = { a, b, c };
	struct policy_strings l = { .v = v, .cnt = 3 };

	(void)state;
	assert_true(naive_path(&l, NULL, 0, "/x/.env"));
	assert_false(naive_path(&l, NULL, 0, "/x/.env.example"));
	assert_true(naive_path(&l, NULL, 0, "/keep/.env.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_paths),
		cmocka_unit_test(plain_hosts),
		cmocka_unit_test(last_match_decides),
		cmocka_unit_test(tables_mean_what_the_policy_says),
		cmocka_unit_test(many_connect_rules_mean_what_the_policy_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
