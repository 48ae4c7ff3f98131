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
 *   other processes:
 *               row  = peer_rows[sl_peer_index(tool, exe_set, user)]
 *               dec  = peer_decisions[row * objects + object]   object: SL_PEER_*, or that of a broker's socket
 *
 *   connect time: addr class  = longest match in the tries of address ranges   (0: in none that a rule asks for)
 *                 port class  = ports[sl_net_port_index(stream or datagram, port)]   (0: no rule names it)
 *                 set         = name automaton over a name of the address, known from DNS   (0: none of interest)
 *                 destination = cells[sl_net_cell(set, addr class, port class)]
 *                 row         = net_rows[sl_net_row_index(tool, exe_set, user) << memories | state]
 *                 dec         = net_decisions[row * destinations + destination]
 *
 * Every question of precedence (first match wins, except, negation, own stores, reader kinds, which provider a name or
 * an address means) is settled by the compiler when it fills these tables.
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

/* What a session may do to a process outside of it: objects of peer_decisions[]. */
#define SL_PEER_MEMORY 0       /* reads or writes its memory */
#define SL_PEER_ENVIRON 1      /* reads its environment */
#define SL_PEER_TRACE 2        /* traces it */
#define SL_PEER_DESCRIPTORS 3  /* takes a descriptor from it */
#define SL_PEER_INSPECTS 4     /* objects from here on: distinct sets of brokers, see peer_objects[] */

/* An entry of peer_objects[]: of a socket, and in the upper half of a file that is opened for writing. */
#define SL_PEER_SPOOL(entry) ((entry) >> 16)
#define SL_PEER_OBJECT 0x7fff
#define SL_PEER_UNITS 0x8000   /* a systemd listens there, or a bus that leads to one */

static inline __attribute__((always_inline)) __u32
sl_peer_index(__u32 exe_sets, __u32 users, __u32 tool, __u32 exe_set, __u32 user)
{
	return (tool * exe_sets + exe_set) * users + user;
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

/* Sizes of the tables. rules 0: no rule is about connections, nothing else is looked at. */
struct sl_net_info {
	__u32 rules;    /* 1: there are connect rules */
	__u32 blocks;   /* 1: one of them blocks */
	__u32 sets;     /* match sets of the name automaton */
	__u32 addrs;    /* classes of addresses, at least 1 */
	__u32 ports;    /* classes of ports, at least 1 */
	__u32 dests;    /* classes of destinations, at least 1 */
	__u32 cells;    /* entries in struct sl_net_cells; in the kernel's copy padded to a power of two */
	__u32 memories; /* `after:` conditions; rows are there for each state of them, see sl_memory_state() */
	__u32 ranges4;  /* address ranges of each family; 0: its trie is not asked */
	__u32 ranges6;
};

/* Keys of the tries: longest prefix match wants the length first, the address in network order. */
struct sl_net_key4 {
	__u32 bits;
	__u32 addr;
};

struct sl_net_key6 {
	__u32 bits;
	__u32 addr[4];
};

/* Port, of streams and then of datagrams -> class of ports. */
#define SL_NET_STREAM 0
#define SL_NET_DATAGRAM 1

struct sl_net_ports {
	__u16 cls[2 * 65536];
};

static inline __attribute__((always_inline)) __u32
sl_net_port_index(__u32 kind, __u32 port)
{
	return (kind & 1) << 16 | (port & 0xffff);
}

/*
 * What is known of an address from DNS: key 16 bytes, IPv4 as v4-mapped. The program that sees the answer notes it, before
 * whoever asked does. One entry for each set of the name automaton that its names are in: names that no rule tells apart
 * are one. An entry's word says until when its time to live lasts (CLOCK_BOOTTIME, its low 16 bits cut off) and, in those
 * bits, the set: it is read and written whole.
 */
struct sl_net_name {
	__u64 word;                    /* 0: this entry and those behind it are free */
	__u32 askers[SL_NET_ASKERS];   /* sl_net_asker() of sessions that asked for it, latest first; 0: none */
};

struct sl_net_names {
	struct sl_net_name names[SL_NET_NAMES];
};

#define SL_NET_WORD(until_ns, set) (((until_ns) & ~0xffffull) | (set))
#define SL_NET_WORD_SET(word) ((__u16)(word))
#define SL_NET_WORD_UNTIL(word) ((word) | 0xffff)
#define SL_NET_WORD_GONE 0x10000ull   /* while an entry changes its set: long out of the question */

static inline __attribute__((always_inline)) __u32
sl_net_row_index(__u32 exe_sets, __u32 users, __u32 tool, __u32 exe_set, __u32 user)
{
	return (tool * exe_sets + exe_set) * users + user;
}

/*
 * What a session has read: key its outermost session, so that sessions within and around it share it. Bit i of a state: the
 * policy's condition i holds. A row's place is that of sl_net_row_index(), times 1 << memories, plus the state.
 */
struct sl_session {
	__u64 ns;
	__u32 pid;
	__u32 reserved;
};

struct sl_memory {
	__u64 at_ns[SL_MEMORIES_MAX];  /* CLOCK_BOOTTIME of the last read, 0: none */
	__u64 alert_ns;                /* the same of one that alerted, whatever the conditions ask for */
};

static inline __attribute__((always_inline)) __u32
sl_memory_state(const struct sl_memory *m, const __u64 *within_ns, __u64 now_ns)
{
	__u32 state = 0;

	for (__u32 i = 0; i < SL_MEMORIES_MAX; i++)
		if (m->at_ns[i] && (!within_ns[i] || now_ns - m->at_ns[i] <= within_ns[i]))
			state |= 1u << i;
	return state;
}

static inline __attribute__((always_inline)) __u32
sl_net_cell(const struct sl_net_info *net, __u32 set, __u32 addr, __u32 port)
{
	return (set * net->addrs + addr) * net->ports + port;
}

/* A session's mark in sl_net_name. Two sessions with one mark would share the names that they asked for. */
static inline __attribute__((always_inline)) __u32
sl_net_asker(__u64 session_ns, __u32 session_pid)
{
	__u64 h = (session_ns ^ (__u64)session_pid << 40) * 0x9e3779b97f4a7c15ull;

	return (__u32)(h >> 32) | 1;
}

/*
 * Several names for one address: which of them a connection is about cannot be known, so it is judged as each of the
 * likeliest, and the strictest verdict counts. Likeliest: names that this very session asked for, those still valid
 * first; if it asked for none, names that anyone on this host asked for, in the same order. Rank 0: out of the question.
 */
static inline __attribute__((always_inline)) __u32
sl_net_rank(const struct sl_net_name *n, __u64 word, __u32 asker, __u64 now_ns)
{
	__u32 asked = n->askers[0] == asker || n->askers[1] == asker || n->askers[2] == asker || n->askers[3] == asker;
	__u64 until = SL_NET_WORD_UNTIL(word);

	if (now_ns <= until)
		return asked ? 4 : 2;
	return now_ns - until > SL_NET_GRACE_NS ? 0 : asked ? 3 : 1;
}

/* The greater one is stricter: by action, then the rule that comes first in the policy; no rule at all is last. */
static inline __attribute__((always_inline)) __u32
sl_net_weight(const struct sl_decision *d)
{
	return (__u32)d->action << 16 | (__u16)(0 - d->rule);
}

/* The choice among the names of an address, one after the other. All zero: none looked at yet. */
struct sl_net_choice {
	__u32 weight;
	__u16 rule;
	__u16 set;
	__u8 action;
	__u8 rank;
	__u8 names;   /* that have this rank */
	__u8 state;   /* of the session's memory, see sl_memory_state() */
};

static inline __attribute__((always_inline)) void
sl_net_consider(struct sl_net_choice *c, __u32 rank, __u16 set, const struct sl_decision *d)
{
	__u32 weight = sl_net_weight(d);

	if (rank < c->rank)
		return;
	c->names = rank == c->rank ? c->names + 1 : 1;
	if (c->names > 1 && weight <= c->weight)
		return;
	c->rank = rank;
	c->weight = weight;
	c->set = set;
	c->rule = d->rule;
	c->action = d->action;
}

#endif /* SL_POLICY_MAP_H */
