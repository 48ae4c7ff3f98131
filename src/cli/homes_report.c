/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: how `check` and `doctor` name the homes of this host. */
#include "cli/homes_report.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/strbuf.h"

/* Accounts may be named, and may live, as a stranger in a directory service likes. */
static void print_text(const char *text)
{
	struct strbuf b = STRBUF_INIT;

	escape_text(&b, text, strlen(text));
	fputs(strbuf_str(&b), stdout);
	strbuf_done(&b);
}

static void print_home(const struct home *h)
{
	printf("    ");
	print_text(h->path);
	printf("  (");
	print_text(h->user);
	printf(", uid %u: %s; %s", h->uid, home_source_text(h->source), home_state_text(h->state));
	if (strcmp(h->path, h->given)) {
		printf("; given as ");
		print_text(h->given);
	}
	printf(")\n");
}

static bool is_repeated(const struct homes *h, size_t at)
{
	for (size_t i = 0; i < at && i < 4 * HOMES_SHOWN_MAX; i++)
		if (h->v[at].ino && h->v[i].dev == h->v[at].dev && h->v[i].ino == h->v[at].ino)
			return true;
	return false;
}

/* holds: those that ~ stands for, or the others. */
static void print_rows(const struct homes *h, bool holds)
{
	size_t shown = 0, rest = 0;

	for (size_t i = 0; i < h->cnt; i++) {
		if (home_holds(&h->v[i]) != holds || is_repeated(h, i))
			continue;
		if (shown == HOMES_SHOWN_MAX) {
			rest++;
			continue;
		}
		if (!holds && !shown)
			printf("  accounts without a home, which ~ does not stand for:\n");
		shown++;
		print_home(&h->v[i]);
	}
	if (rest)
		printf("    and %zu more\n", rest);
}

void homes_report(const struct homes *h)
{
	printf("  homes (~): every folder in /home, /root, and of accounts:\n");
	print_rows(h, true);
	print_rows(h, false);
	if (h->silent)
		printf("  the name service did not list the accounts in time: only users that run a process were looked up\n");
	if (h->left_out)
		printf("  %zu accounts were not looked at\n", h->left_out);
}
