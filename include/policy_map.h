/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Keys and values of the policy maps, and how a verdict is read from them.
 *
 *   exec time:  set  = exec automaton over the resolved exe path       -> struct sl_exec_set
 *               (and over the script argument, if the exe is an interpreter)
 *               -> label { tool, exe_set, mode } stored per process
 *   open time:  set  = path automaton over the opened file's path      (0: of no interest, nothing happens)
 *               row  = rows[sl_row_index(tool, exe_set, mode, user)]
 *               dec  = decisions[row * sets + set]                     -> struct sl_decision
 *
 * Every question of precedence (first match wins, except, negation, own stores, reader kinds) is settled by the
 * compiler when it fills these tables.
 */
#ifndef SL_POLICY_MAP_H
#define SL_POLICY_MAP_H

#include "abi.h"

/* Actions. ALLOW is zero: a missing entry reports nothing, and nothing is ever blocked by accident. */
#define SL_ACTION_ALLOW 0
#define SL_ACTION_LOG 1
#define SL_ACTION_ALERT 2
#define SL_ACTION_BLOCK 3

/* Rule number for "no rule matched". Real rules are numbered from 1 in the order of the policy. */
#define SL_RULE_NONE 0

/* How the process that opens the file stands to its tool. */
#define SL_MODE_CHILD 0    /* another program in the session, or a process outside every session */
#define SL_MODE_SELF 1     /* the tool's own executable or script */
#define SL_MODE_STARTUP 2  /* the tool itself, within its start-up window */
#define SL_MODES 3

/* Path set id that stands for "the path could not be resolved"; the compiler always reserves it. */
#define SL_SET_UNRESOLVED 1

/* What an executable path or an argument matched. Index: set id of the exec automaton. Set 0 is all zero. */
struct sl_exec_set {
	__u16 tool_exe;   /* tool whose `exe:` matched, 0 none */
	__u16 tool_argv;  /* tool whose `argv:` matched, 0 none; counts only as an interpreter's script */
	__u16 exe_set;    /* id of the set of executable classes (readers, exe:/except: groups), 0 none */
	__u16 flags;      /* SL_EXEC_* */
};

#define SL_EXEC_INTERPRETER 0x1 /* as exe: its script is looked for in argv */
#define SL_EXEC_OPT_VALUE 0x2   /* as argument: an option whose value is the next argument */
#define SL_EXEC_HELPER 0x4      /* as argv[0]: the tool re-run as a helper (rg, bfs, ugrep): same session */

struct sl_tool {
	__u64 startup_ns; /* length of the start-up window, 0 none */
};

struct sl_decision {
	__u16 rule;   /* SL_RULE_NONE or 1.. */
	__u8 action;  /* SL_ACTION_* */
	__u8 reader;  /* SL_READER_*: the reader kind that the rule was judged with */
};

#define SL_READER_OTHER 0
#define SL_READER_SELF 1
#define SL_READER_STARTUP 2
#define SL_READER_GENERIC 3
#define SL_READER_INTERPRETER 4
#define SL_READER_PURPOSE 5
#define SL_READERS 6

static inline __attribute__((always_inline)) __u32
sl_row_index(__u32 exe_sets, __u32 users, __u32 tool, __u32 exe_set, __u32 mode, __u32 user)
{
	return ((tool * exe_sets + exe_set) * SL_MODES + mode) * users + user;
}

#endif /* SL_POLICY_MAP_H */
