/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the shape of a log line and its way to stderr. Keeps no copy, and never fails its caller. */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"

static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	max_level = level;
}

bool log_is_journal(int fd, const char *journal_stream)
{
	unsigned long long dev, ino;
	struct stat st;
	char end;

	if (!journal_stream || sscanf(journal_stream, "%llu:%llu%c", &dev, &ino, &end) != 2)
		return false;
	return !fstat(fd, &st) && st.st_dev == dev && st.st_ino == ino;
}

void log_format(struct strbuf *b, enum log_level level, bool journal, const char *text)
{
	static const char *const priority[] = {
		[LOG_LEVEL_ERR] = "<3>",
		[LOG_LEVEL_WARN] = "<4>",
		[LOG_LEVEL_INFO] = "<6>",
		[LOG_LEVEL_DEBUG] = "<7>",
	};

	if (journal)
		strbuf_adds(b, priority[level]);
	strbuf_adds(b, "sluice: ");
	escape_line(b, text, strlen(text));
	strbuf_addc(b, '\n');
}

void log_write(enum log_level level, const char *fmt, ...)
{
	static int journal = -1;
	struct strbuf line = STRBUF_INIT;
	int saved = errno;
	char text[4096];
	va_list args;

	if (level > max_level)
		return;
	if (journal < 0)
		journal = log_is_journal(STDERR_FILENO, getenv("JOURNAL_STREAM"));
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_format(&line, level, journal, text);
	/* One write, so that lines of several processes do not mix. If stderr is gone there is nobody to tell. */
	if (strbuf_ok(&line) && write(STDERR_FILENO, line.data, line.len) < 0)
		errno = saved;
	strbuf_done(&line);
	errno = saved;
}
