/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * `tell: tty`: whoever sits at the terminal of a session learns why something was refused, once a session and rule. Beside the
 * outputs, not one of them: it tells the few reports whose rule says so.
 */
#ifndef SLUICE_OUTPUT_TELL_H
#define SLUICE_OUTPUT_TELL_H

#include "report/report.h"

/* Sessions and rules that were told; beyond it the oldest is forgotten, and may be told again. */
#define TELL_REMEMBERED 1024

struct tell;
struct tell *tell_new(const char *pts);   /* folder of the terminals, NULL: /dev/pts; borrowed. NULL: no memory */
void tell_free(struct tell *t);

/* 1: told. 0: nothing to tell, or there is no terminal that may be written to. -EAGAIN: the terminal takes nothing now (the next
 * report of the kind tries again); -ENOMEM. Never waits. */
int tell_report(struct tell *t, const struct report *r);

#endif /* SLUICE_OUTPUT_TELL_H */
