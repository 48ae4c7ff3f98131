/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: lines for people, one an event:
 *
 *   16:05:11.123 BLOCK claude-code:700 > bash > cat  read ~/shop/.env  dotenv  ai-reads-secret  x12
 *   time         word  chain                         verb target       what    rule             repeats
 *
 * The chain begins with the tool and its session (the pid of the session's first process). When a line is wider than the
 * terminal, parts go in the order of `struct fit`, the target last: it is shortened in its middle, and only then is the line cut.
 * All text of others goes through base/escape.h. Times are local; a recording shown elsewhere shows other hours.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/redact.h"
#include "base/width.h"
#include "output/format.h"
#include "output/output.h"
#include "output/sink.h"
#include "output/text.h"

#define SECOND_NS 1000000000ull

/* Below this the time and the word would leave no room; the line is then as if this wide. */
#define WIDTH_MIN 40
/* From this width on the chain is a column of its own, so that targets stand below each other. */
#define WIDTH_COLUMNS 100
#define CHAIN_COLUMNS 30

/* Where second lines begin: below the word. */
#define INDENT 13

#define SGR_DIM "2"
#define SGR_BOLD "1"

/* What is left out and how short the target may get, one step after the other until the line fits. */
static const struct fit {
	bool evidence, rule, what;
	enum chain chain;
	unsigned int target_min; /* 0: as it is */
} fits[] = {
	{ true, true, true, CHAIN_LONG, 0 },
	{ false, true, true, CHAIN_LONG, 0 },
	{ false, true, true, CHAIN_SHORT, 0 },
	{ false, true, true, CHAIN_TOOL, 0 },
	{ false, true, true, CHAIN_SHORT, 24 },
	{ false, true, true, CHAIN_TOOL, 20 },
	{ false, false, true, CHAIN_TOOL, 12 },
	{ false, false, false, CHAIN_TOOL, 8 },
};

struct line {
	struct strbuf *b;
	size_t left;     /* columns; SIZE_MAX: no limit */
	bool colour;
};

/* ---- pieces of text ------------------------------------------------------------------------------------------------- */

static void done_parts(struct parts *p)
{
	struct strbuf *all[] = { &p->chain[CHAIN_LONG], &p->chain[CHAIN_SHORT], &p->chain[CHAIN_TOOL], &p->target,
				 &p->what, &p->evidence, &p->rule, &p->repeats };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		strbuf_done(all[i]);
}

/* A path with the user's home as "~". Homes elsewhere stay as they are: the report does not know them. */
void text_path(struct strbuf *b, const struct report *r, const char *path, size_t len)
{
	const char *user = r->has_process ? r->process.user : "";
	size_t user_len = strlen(user), home = 0;

	if (r->has_process && r->process.uid == 0 && len >= 5 && !memcmp(path, "/root", 5))
		home = 5;
	else if (user_len && len >= 6 + user_len && !memcmp(path, "/home/", 6) && !memcmp(path + 6, user, user_len))
		home = 6 + user_len;
	if (home && (len == home || path[home] == '/')) {
		strbuf_addc(b, '~');
		path += home;
		len -= home;
	}
	escape_text(b, path, len);
}

static void add_tool(struct strbuf *b, const struct report *r)
{
	text_add(b, r->tool.name ? r->tool.name : "?");
	strbuf_addc(b, ':');
	strbuf_addu(b, r->tool.session.pid);
}

static void copy_chain(struct parts *p, enum chain to, enum chain from)
{
	strbuf_reset(&p->chain[to]);
	strbuf_add(&p->chain[to], strbuf_str(&p->chain[from]), p->chain[from].len);
}

/* Outside every session: the process and its parent. */
static void add_stranger(struct parts *p, const struct report *r)
{
	if (r->ancestors_cnt) {
		text_add(&p->chain[CHAIN_LONG], r->ancestors[0].program);
		strbuf_adds(&p->chain[CHAIN_LONG], " > ");
	}
	text_add(&p->chain[CHAIN_LONG], r->process.program);
	text_add(&p->chain[CHAIN_TOOL], r->process.program);
	copy_chain(p, CHAIN_SHORT, CHAIN_TOOL);
}

static void add_chain(struct parts *p, const struct report *r)
{
	struct strbuf *all = &p->chain[CHAIN_LONG], *ends = &p->chain[CHAIN_SHORT];
	size_t top = 0;

	if (!r->has_process)
		return;
	if (!r->tool.known) {
		add_stranger(p, r);
		return;
	}
	add_tool(&p->chain[CHAIN_TOOL], r);
	copy_chain(p, CHAIN_LONG, CHAIN_TOOL);
	copy_chain(p, CHAIN_SHORT, CHAIN_TOOL);
	/* The last process of a session speaks for all of it when it ends. */
	if (r->process.is_tool || r->kind == REPORT_SESSION_END)
		return;
	while (top < r->ancestors_cnt && !r->ancestors[top].is_tool)
		top++;
	strbuf_adds(all, " > ");
	/* The tool itself is not among the ancestors: it ended and was forgotten, or is further up than the report goes. */
	if (top == r->ancestors_cnt) {
		strbuf_adds(all, "... > ");
		top = 0;
	}
	while (top-- > 0) {
		text_add(all, r->ancestors[top].program);
		strbuf_adds(all, " > ");
	}
	text_add(all, r->process.program);
	strbuf_adds(ends, " > ... > ");
	text_add(ends, r->process.program);
	if (width_text(strbuf_str(ends), ends->len) >= width_text(strbuf_str(all), all->len))
		copy_chain(p, CHAIN_SHORT, CHAIN_LONG);
}

static void add_argv(struct strbuf *b, const struct report_text *argv)
{
	const char *prev = "", *arg = argv->s, *end = argv->s + argv->len;
	struct strbuf clean = STRBUF_INIT;
	size_t prev_len = 0;

	while (arg < end) {
		size_t len = strnlen(arg, (size_t)(end - arg));

		strbuf_reset(&clean);
		redact_arg(&clean, prev, prev_len, arg, len);
		if (b->len)
			strbuf_addc(b, ' ');
		escape_arg(b, strbuf_str(&clean), clean.len);
		prev = arg;
		prev_len = len;
		arg += len + 1;
	}
	strbuf_done(&clean);
}

void text_duration(struct strbuf *b, uint64_t ns)
{
	unsigned long long s = ns / SECOND_NS;

	if (s >= 3600)
		strbuf_addf(b, "%lluh%02llum", s / 3600, s / 60 % 60);
	else if (s >= 60)
		strbuf_addf(b, "%llum%02llus", s / 60, s % 60);
	else
		strbuf_addf(b, "%llu.%llus", s, (unsigned long long)(ns / (SECOND_NS / 10) % 10));
}

static void add_count(struct strbuf *b, uint64_t n, const char *one, const char *many)
{
	if (b->len)
		strbuf_adds(b, ", ");
	strbuf_addu(b, n);
	strbuf_addc(b, ' ');
	strbuf_adds(b, n == 1 ? one : many);
}

/* ---- kinds ---------------------------------------------------------------------------------------------------------- */

const char *text_severity(const char *severity)
{
	if (!strcmp(severity, "critical") || !strcmp(severity, "high"))
		return "1;31";
	return strcmp(severity, "medium") != 0 ? "1;36" : "1;33";
}

static void add_verdict(struct parts *p, const struct report *r)
{
	if (!r->rule.id) {
		p->word = "-";
		return;
	}
	text_add(&p->rule, r->rule.id);
	switch (r->action) {
	case SL_ACTION_BLOCK:
		p->word = r->taken == SL_TAKEN_DENIED ? "BLOCK" : r->taken == SL_TAKEN_KILLED ? "KILL" :
			  r->taken == SL_TAKEN_CUT ? "CUT" : "ALERT";
		/* The policy only monitors, or this hook cannot refuse. */
		if (r->taken == SL_TAKEN_NONE)
			strbuf_adds(&p->evidence, "not blocked");
		break;
	case SL_ACTION_ALERT:
		p->word = "ALERT";
		break;
	case SL_ACTION_LOG:
		p->word = "log";
		return;
	default:
		p->word = "allow";
		return;
	}
	p->sgr = text_severity(r->rule.severity);
}

static void add_evidence(struct parts *p, const char *word)
{
	if (p->evidence.len)
		strbuf_adds(&p->evidence, ", ");
	strbuf_adds(&p->evidence, word);
}

static bool is_word(const char *s, const char *word)
{
	return s && !strcmp(s, word);
}

static void add_file(struct parts *p, const struct report *r)
{
	const struct report_file *f = &r->file;

	p->verb = f->verb;
	text_path(&p->target, r, f->path.s, f->path.len);
	for (size_t i = 0; i < f->classes_cnt; i++) {
		if (i)
			strbuf_addc(&p->what, ',');
		text_add(&p->what, f->classes[i]);
	}
	if (f->unresolved)
		strbuf_adds(&p->what, "path unresolved");
	if (f->by_inode)
		add_evidence(p, "by inode");
	if (f->at_start)
		add_evidence(p, "at start");
	if (is_word(f->came, "received"))
		add_evidence(p, "descriptor from another process");
	if (is_word(f->came, "executed"))
		add_evidence(p, "handed to the interpreter");
	if (f->exception)
		add_evidence(p, "exception");
	if (is_word(f->came, "held"))
		add_evidence(p, "descriptor from before");
}

static void add_container(struct parts *p, const struct report *r)
{
	const struct report_process *q = &r->process;

	if (!r->has_process || !q->container)
		return;
	add_evidence(p, "in ");
	text_add(&p->evidence, q->engine[0] ? q->engine : "container");
	strbuf_addc(&p->evidence, ' ');
	escape_text(&p->evidence, q->container, q->container_short);
}

static void add_start(struct parts *p, const struct report *r)
{
	const struct report_process *q = &r->process;

	p->word = "start";
	if (!r->has_process)
		return;
	if (q->cwd[0]) {
		p->verb = "in";
		text_path(&p->target, r, q->cwd, strlen(q->cwd));
	}
	text_add(&p->what, q->user);
	if (q->tty[0]) {
		if (p->what.len)
			strbuf_addc(&p->what, ' ');
		text_add(&p->what, q->tty);
	}
	strbuf_adds(&p->evidence, r->tool.evidence);
}

static void add_end(struct parts *p, const struct report *r)
{
	const struct report_session *s = &r->session;

	p->word = "end";
	if (!s->known)
		return;
	p->verb = "after";
	text_duration(&p->target, s->ns);
	add_count(&p->what, s->files, "file", "files");
	add_count(&p->what, s->connects, "connection", "connections");
	add_count(&p->what, s->alerts, "alert", "alerts");
}

static void add_exit(struct parts *p, const struct report *r)
{
	p->word = "exit";
	if (r->exit.signal.known)
		strbuf_addf(&p->target, "signal %u", (unsigned int)r->exit.signal.n);
	else if (r->exit.status.known)
		strbuf_addf(&p->target, "status %u", (unsigned int)r->exit.status.n);
}

static void add_kind(struct parts *p, const struct report *r)
{
	switch (r->kind) {
	case REPORT_FILE_OPEN:
		add_verdict(p, r);
		add_file(p, r);
		add_container(p, r);
		break;
	case REPORT_NET_CONNECT:
		add_verdict(p, r);
		text_net(p, r);
		add_container(p, r);
		break;
	case REPORT_NET_HELLO:
		add_verdict(p, r);
		text_hello(p, r);
		add_container(p, r);
		break;
	case REPORT_NET_FLOW:
		text_flow(p, r);
		break;
	case REPORT_PTRACE:
		add_verdict(p, r);
		text_inspect(p, r);
		add_container(p, r);
		break;
	case REPORT_BROKER_CONNECT:
		add_verdict(p, r);
		text_broker(p, r);
		add_container(p, r);
		break;
	case REPORT_LINEAGE_LOST:
		text_lost(p, r);
		break;
	case REPORT_LINEAGE_KEPT:
		text_kept(p, r);
		break;
	case REPORT_INCIDENT:
		text_incident(p, r);
		break;
	case REPORT_GUARD:
		text_guard(p, r);
		add_container(p, r);
		break;
	case REPORT_PROC_EXEC:
		p->word = "exec";
		p->keep_start = true;
		if (r->has_process)
			add_argv(&p->target, &r->process.argv);
		break;
	case REPORT_PROC_EXIT:
		add_exit(p, r);
		break;
	case REPORT_SESSION_START:
		add_start(p, r);
		add_container(p, r);
		break;
	case REPORT_SESSION_END:
		add_end(p, r);
		break;
	case REPORT_LOSS:
		p->word = "LOSS";
		p->sgr = "1;35";
		strbuf_adds(&p->target, r->loss.reason);
		strbuf_adds(&p->target, ": ");
		strbuf_addu(&p->target, r->loss.count);
		break;
	case REPORT_AGENT_START:
	case REPORT_AGENT_STOP:
	case REPORT_POLICY_LOAD:
	case REPORT_POLICY_BAD:
	case REPORT_MODE:
	case REPORT_EXCEPTION:
	case REPORT_HOOKS:
		p->word = r->kind == REPORT_POLICY_LOAD ? "load" : r->kind == REPORT_POLICY_BAD ? "refused" :
			  r->kind == REPORT_MODE ? "mode" : r->kind == REPORT_EXCEPTION ? "allow" : r->kind == REPORT_HOOKS ? "HOOKS" : "agent";
		p->keep_start = true;
		text_add(&p->target, r->text);
		break;
	case REPORT_INVALID:
	case _REPORT_KIND_MAX:
		break;
	}
}

/* ---- the line ------------------------------------------------------------------------------------------------------- */

/* Appends text as far as there is room. */
static void put(struct line *l, const char *sgr, const char *s, size_t len)
{
	size_t columns = width_text(s, len);

	if (columns > l->left) {
		len = width_prefix(s, len, l->left);
		columns = l->left;
	}
	if (!len)
		return;
	if (sgr && l->colour)
		strbuf_addf(l->b, "\033[%sm", sgr);
	strbuf_add(l->b, s, len);
	if (sgr && l->colour)
		strbuf_adds(l->b, "\033[0m");
	if (l->left != SIZE_MAX)
		l->left -= columns;
}

static void put_str(struct line *l, const char *sgr, const char *s)
{
	put(l, sgr, s, strlen(s));
}

static void put_spaces(struct line *l, size_t n)
{
	while (n-- > 0)
		put(l, NULL, " ", 1);
}

static void put_part(struct line *l, const char *sgr, const struct strbuf *part)
{
	if (!part->len)
		return;
	put_spaces(l, 2);
	put(l, sgr, part->data, part->len);
}

static void put_target(struct line *l, const struct parts *p, size_t columns, const char *sgr)
{
	const char *s = strbuf_str(&p->target);
	size_t len = p->target.len, head, tail;
	struct strbuf cut = STRBUF_INIT;

	if (width_text(s, len) <= columns) {
		put(l, sgr, s, len);
		return;
	}
	/* The end says more: the file's name and the folders it is in. */
	columns -= 3;
	head = width_prefix(s, len, p->keep_start ? columns : columns / 3);
	tail = p->keep_start ? 0 : width_suffix(s + head, len - head, columns - columns / 3);
	strbuf_add(&cut, s, head);
	strbuf_adds(&cut, "...");
	strbuf_add(&cut, s + len - tail, tail);
	put(l, sgr, strbuf_str(&cut), cut.len);
	strbuf_done(&cut);
}

static size_t part_columns(const struct strbuf *part, size_t gap)
{
	return part->len ? gap + width_text(part->data, part->len) : 0;
}

/* Columns of all but the target. */
static size_t fixed_columns(const struct parts *p, const struct fit *f)
{
	size_t n = INDENT + 6;

	n += part_columns(&p->chain[f->chain], 0);
	if (p->verb[0] || p->target.len)
		n += 2;
	if (p->verb[0])
		n += strlen(p->verb) + 1;
	n += f->what ? part_columns(&p->what, 2) : 0;
	n += f->evidence ? part_columns(&p->evidence, 2) : 0;
	n += f->rule ? part_columns(&p->rule, 2) : 0;
	return n + part_columns(&p->repeats, 2);
}

static const struct fit *choose(const struct parts *p, size_t width, size_t *ret_target)
{
	size_t want = width_text(strbuf_str(&p->target), p->target.len), fixed, min;

	*ret_target = want;
	for (size_t i = 0; width != SIZE_MAX && i < ARRAY_SIZE(fits); i++) {
		fixed = fixed_columns(p, &fits[i]);
		min = fits[i].target_min && fits[i].target_min < want ? fits[i].target_min : want;
		*ret_target = min;
		if (fixed + min > width)
			continue;
		*ret_target = width - fixed < want ? width - fixed : want;
		return &fits[i];
	}
	return width == SIZE_MAX ? &fits[0] : &fits[ARRAY_SIZE(fits) - 1];
}

static void put_time(struct line *l, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / SECOND_NS);
	char text[32];
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	snprintf(text, sizeof(text), "%02d:%02d:%02d.%03u ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned int)(wall_ns / 1000000 % 1000));
	put_str(l, SGR_DIM, text);
}

static void put_parts(struct line *l, const struct report *r, const struct parts *p, size_t width)
{
	size_t target, chain;
	const struct fit *f = choose(p, width, &target);
	const struct strbuf *c = &p->chain[f->chain];

	put_time(l, r->wall_ns);
	put_str(l, p->sgr, p->word);
	put_spaces(l, strlen(p->word) < 5 ? 6 - strlen(p->word) : 1);
	put(l, NULL, strbuf_str(c), c->len);
	if (p->verb[0] || p->target.len) {
		chain = part_columns(c, 0);
		/* Without a chain (the agent's own lines) the target takes its place. */
		if (chain)
			put_spaces(l, 2);
		if (chain && chain < CHAIN_COLUMNS && width >= WIDTH_COLUMNS && f == &fits[0] &&
		    (width == SIZE_MAX || fixed_columns(p, f) + target + CHAIN_COLUMNS - chain <= width))
			put_spaces(l, CHAIN_COLUMNS - chain);
		if (p->verb[0]) {
			put_str(l, NULL, p->verb);
			put_spaces(l, 1);
		}
		put_target(l, p, target, p->sgr ? SGR_BOLD : NULL);
	}
	if (f->what)
		put_part(l, NULL, &p->what);
	if (f->evidence)
		put_part(l, SGR_DIM, &p->evidence);
	if (f->rule)
		put_part(l, p->sgr ? NULL : SGR_DIM, &p->rule);
	put_part(l, SGR_BOLD, &p->repeats);
}

static bool is_shown(const struct report *r, const struct report_host *host)
{
	if (r->kind == REPORT_PROC_EXEC || r->kind == REPORT_PROC_EXIT)
		return host->show_exec;
	if (r->kind == REPORT_NET_HELLO)
		return host->show_flows || (r->rule.id && r->action >= SL_ACTION_ALERT) || r->net.sni_mismatch || r->net.behind_proxy;
	return r->kind != REPORT_NET_FLOW || host->show_flows;
}

void output_text_format(struct strbuf *b, const struct report *r, const struct report_host *host, unsigned int width, bool colour)
{
	size_t columns = !width ? SIZE_MAX : width < WIDTH_MIN ? WIDTH_MIN : width;
	struct line l = { .b = b, .left = columns, .colour = colour };
	struct parts p = { .word = "?", .verb = "" };

	if (!is_shown(r, host))
		return;
	add_chain(&p, r);
	add_kind(&p, r);
	if (r->repeats && r->kind == REPORT_FILE_OPEN && r->file.files_cnt)
		strbuf_addf(&p.repeats, "and %llu other files", (unsigned long long)r->repeats - 1);
	else if (r->repeats)
		strbuf_addf(&p.repeats, "x%llu", (unsigned long long)r->repeats);
	put_parts(&l, r, &p, columns);
	strbuf_addc(b, '\n');
	done_parts(&p);
}

/* ---- the output ----------------------------------------------------------------------------------------------------- */

struct text_output {
	struct output out;                    /* first: an output is a pointer to it */
	unsigned int width;
	bool colour;
	char policy[128];  /* whose rules are counted in `told` */
	uint64_t told[SL_RULES_MAX / 64];     /* rules whose message was shown */
	uint64_t told_loss;                   /* losses whose help was shown */
};
_Static_assert(_SL_LOSS_MAX <= 64, "one bit a loss");

/* A second line, indented and broken at blanks. */
static void add_note(void *arg, const char *text)
{
	struct text_output *t = arg;
	struct strbuf *b = &t->out.lines;
	size_t room = !t->width ? SIZE_MAX : t->width > INDENT + 20 ? t->width - INDENT : 20;
	struct strbuf clean = STRBUF_INIT;
	const char *at;

	escape_line(&clean, text, strlen(text));
	for (at = strbuf_str(&clean); *at;) {
		size_t len = width_prefix(at, strlen(at), room), end = len;

		if (at[len])
			while (end && at[end] != ' ')
				end--;
		if (!end)
			end = len;
		strbuf_addf(b, "%*s", INDENT, "");
		strbuf_add(b, at, end);
		strbuf_addc(b, '\n');
		at += end;
		while (*at == ' ')
			at++;
	}
	strbuf_done(&clean);
}

/* True the first time a rule says something in this run. A policy that was loaded since begins anew. */
static bool first_time(struct text_output *t, const struct report *r)
{
	size_t rule = r->rule.number;
	bool first;

	if (strcmp(t->policy, r->policy) != 0) {
		snprintf(t->policy, sizeof(t->policy), "%s", r->policy);
		memset(t->told, 0, sizeof(t->told));
	}
	if (rule >= SL_RULES_MAX)
		return false;
	first = !(t->told[rule / 64] >> (rule % 64) & 1);
	t->told[rule / 64] |= 1ull << (rule % 64);
	return first;
}

static int text_write(struct output *o, const struct report *r)
{
	struct text_output *t = (struct text_output *)o;
	size_t start = o->lines.len;

	output_text_format(&o->lines, r, &o->host, t->width, t->colour);
	if (r->kind == REPORT_INCIDENT)
		text_story(r, add_note, t);
	else if (r->rule.id && r->kind != REPORT_LINEAGE_LOST && r->action >= SL_ACTION_ALERT && r->rule.message[0] && first_time(t, r))
		add_note(t, r->rule.message);
	if (r->kind == REPORT_LOSS && r->loss.number < _SL_LOSS_MAX && !(t->told_loss >> r->loss.number & 1)) {
		t->told_loss |= 1ull << r->loss.number;
		add_note(t, r->loss.help);
	}
	return o->lines.len > start || o->lines.failed ? sink_appended(o, start, r) : 0;
}

static void text_free(struct output *o)
{
	sink_done(o);
	free(o);
}

int output_text_new(int fd, const struct report_host *host, unsigned int width, bool colour, struct output **ret)
{
	static const struct output_ops ops = {
		.name = "text",
		.write = text_write,
		.flush = sink_flush,
		.free = text_free,
	};
	struct text_output *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	tzset();
	t->out.ops = &ops;
	t->out.fd = fd;
	t->out.host = *host;
	t->width = width;
	t->colour = colour;
	*ret = &t->out;
	return 0;
}
