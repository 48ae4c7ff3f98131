/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The subcommands, and how each of them ends. Layer 7: only here (and in agent.c) things are printed. */
#ifndef SLUICE_CLI_CLI_H
#define SLUICE_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "base/errmsg.h"

/* Exit statuses: 0 done; 1 a negative answer; the others below, as service managers read them (sysexits.h). */
#define CLI_NO 1
#define CLI_USAGE 2
#define CLI_UNAVAILABLE 69   /* this kernel cannot */
#define CLI_IOERR 74         /* an output or a recording could not be written or read */
#define CLI_NOPERM 77
#define CLI_CONFIG 78        /* bad policy */

struct cli_command {
	const char *name;
	int (*run)(int argc, char **argv);  /* argv[0] is the command's name; returns the exit status */
	const char *summary;                /* one line */
};

extern const struct cli_command cli_commands[];  /* ends with a NULL name */

/* Finds and runs argv[1]. */
int cli_main(int argc, char **argv);

int cmd_run(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_schema(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_mode(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_detach(int argc, char **argv);
int cmd_clear(int argc, char **argv);
int cmd_allow(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_scan(int argc, char **argv);

/* Opens what is pinned below root. 0, or an exit status; errors are told. */
struct pins;
int cli_open_pins(const char *root, struct pins *ret);

/* One line on stdout. */
struct sl_control;
void cli_print_mode(const struct sl_control *c);

/* "sluice: <text>" on stderr; an error with a position is shown with its line and a caret. */
void cli_error(const struct errmsg *e);

/* The sums of a run, on stderr: stdout may be events for a program. */
struct summary;
void cli_summary(const struct summary *s);

/* The exit status for a negative errno of kernel_open() or policy_load(). */
int cli_status(int err);

/* Misuse: the text, then where to find help. Returns CLI_USAGE. */
int cli_misuse(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* getopt_long() returned '?': says which option, and what is wrong with it. Returns CLI_USAGE. */
int cli_bad_option(const char *command, char **argv);

/* Columns of the terminal that stdout is; if it does not say, $COLUMNS; 0: nobody says. */
unsigned int cli_width(void);

/* The agent whose programs are pinned still lives: its pid is that process, and not a later one's. */
struct sl_about;
bool cli_agent_lives(const struct sl_about *about);

/* True, and told: another agent has its programs pinned below root. */
bool cli_other_agent(const char *root);

/* --tool NAME: 0 if the policy has it (or name is NULL), else misuse is told. */
struct policy;
int cli_no_tool(const char *command, const struct policy *p, const char *name);

#endif /* SLUICE_CLI_CLI_H */
