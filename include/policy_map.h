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
 *               cell = cells[row * sets + set]                         -> struct sl_decision, as a number
 *               (a large table is kept in pieces, see sl_piece_index(); of a file with sets in several lanes of the path automaton,
 *               the first rule of the sets' parts, which are the cells' upper halves)
 *   other processes:
 *               row  = peer_rows[sl_peer_index(tool, exe_set, user)]
 *               dec  = peer_decisions[row * objects + object]   object: SL_PEER_*, or that of a broker's socket
 *
 *   connect time: addr class  = longest match in the tries of address ranges   (0: in none that a rule asks for)
 *                 port class  = ports[sl_net_port_index(stream or datagram, port)]   (0: no rule names it)
 *                 set         = table of host names, of a name of the address, known from DNS   (0: none of interest)
 *                 dec         = the first rule that holds for each of tool, executable, user, memory, addr class, port class,
 *                               set, and what the provider means   -> sl_net_first()
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

/*
 * Words of command lines that readers ask for (`argv`, `unless`): each is a pattern at a place, with a number. Places: the first, second and
 * third argument that is no option, and anywhere. An option's value looks like such an argument, so both are tried.
 */
#define SL_WORDS_MAX 384
#define SL_WORD_PLACES 4
#define SL_PLACE_ANY 3
#define SL_ARGV_READERS 6 /* with `argv` or `unless`, of one executable */
struct sl_words {
	__u64 w[SL_WORDS_MAX / 64];
};

/* One entry of `argv` or `unless`: holds if the command line has all these words. The first SL_WORD_PLACES entries of argv_alts[] are none: their
 * words are those of each place. */
struct sl_argv_alt {
	struct sl_words need;
	__u8 reader;  /* bit of argv_outcomes[]' index */
	__u8 flags;   /* SL_ALT_* */
	__u8 pad[6];
};
#define SL_ALT_UNLESS 1
#define SL_ALT_ASSUME 2 /* words that may stand behind the arguments that are looked at count as there */

/* State of a scan: which place the next argument that is no option may have, and whether it may be an option's value. */
#define SL_MAY_FIRST 1
#define SL_MAY_ALL 7
#define SL_MAY_VALUE 8
static inline __attribute__((always_inline)) __u32 sl_may_next(__u32 may, __u32 is_option)
{
	if (is_option)
		return may | SL_MAY_VALUE;
	return ((may << 1) & SL_MAY_ALL) | (may & SL_MAY_VALUE ? may & SL_MAY_ALL : 0);
}

/* What a program is by its arguments: argv_outcomes[outcomes + readers that hold, a bit each], of the entries argv_alts[alts .. + cnt). cnt 0:
 * whatever they are, it is `plain`. */
struct sl_argv_ask {
	__u16 alts;
	__u16 cnt;
	__u16 outcomes;
	__u16 plain;
};

/* What an executable path or an argument matched. Index: set id of the exec automaton. Set 0 is all zero. */
struct sl_exec_set {
	__u16 tool_exe;   /* tool whose `exe:` matched, 0 none */
	__u16 tool_argv;  /* tool whose `argv:` matched, 0 none; counts only as an interpreter's script */
	__u16 exe_set;    /* id of the set of executable classes (readers, exe:/except: groups), 0 none */
	__u16 flags;      /* SL_EXEC_* */
	__u16 exe_inline; /* the same as exe_set, where the session made the program up: its code is in the arguments, or it created it */
	__u16 script_row; /* as interpreter: script_sets[script_row * script_cols + column of its script] is its exe_set then */
	__u16 pad;
	struct sl_argv_ask as_exe;    /* exe_set */
	struct sl_argv_ask as_script; /* column; 0: of no reader */
	struct sl_words words; /* as argument */
};

#define SL_EXEC_INTERPRETER 0x1 /* as exe: its script is looked for in argv */
#define SL_EXEC_OPT_VALUE 0x2   /* as argument: an option whose value is the next argument */
#define SL_EXEC_ANY_ORIGIN 0x10 /* as exe: each purpose-built reader that it is says `origin: any` */
#define SL_EXEC_ANY_SCRIPT 0x40 /* as script: the same */
#define SL_EXEC_HELPER 0x4      /* as argv[0]: the tool re-run as a helper (rg, bfs, ugrep): same session */
#define SL_EXEC_SHELL 0x20       /* as exe: an interpreter whose scripts are no tools */
#define SL_EXEC_LAUNCH 0x8      /* as argument: stands in front of the script (deno run) */
/* As exe: interpreters that it is, by groups that share their words for code on the command line (-c, -e, eval). As argument: the
 * groups of which it is such a word. */
#define SL_EXEC_INLINE(group) (0x100 << (group))
#define SL_EXEC_INLINE_ALL 0xff00
#define SL_EXEC_INLINE_GROUPS 8

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
#define SL_READER_IMPROVISED 6
#define SL_READER_LOOKING 7
#define SL_READER_SWEEP 8
#define SL_READERS 9

/*
 * A file may be in sets of several lanes of the path automaton, each decided by its own rules. The first rule of all of them
 * decides, but what kind of reader it was asked of hangs on all classes at once: so the decision of each set is kept for both
 * kinds that the subject can be of, with what the set says about the kind. All of it is a number of 32 bits, a part: for the
 * ordinary kind rule, action and reader, for the special one the same, and flags.
 */
#define SL_PART_SPECIAL 1    /* loaded at start, or made for a class of this set */
#define SL_PART_STRAY 2      /* not made for a class of this set */
#define SL_PART_FLAGS(part) ((part) >> 30)
#define SL_PART_OF(part, special) ((special) ? (part) >> 15 & 0x3fff : ((part) & 0x7fff) | ((part) >> 29 & 1) << 15)
#define SL_PART_RULE(of) ((of) & 0x7ff)

/* Which of the two kinds: f is the flags of all sets' parts, one after the other or-ed. */
static inline __attribute__((always_inline)) __u32 sl_part_kind(__u32 f)
{
	return (f & (SL_PART_SPECIAL | SL_PART_STRAY)) == SL_PART_SPECIAL;
}

static inline __attribute__((always_inline)) __u32
sl_part(struct sl_decision ordinary, struct sl_decision special, __u32 flags)
{
	__u32 o = ordinary.reader, s = special.reader == SL_READER_PURPOSE;

	o = o > SL_READER_STARTUP ? o - 1 : o;
	return ((__u32)ordinary.rule & 0x7ff) | (__u32)ordinary.action << 11 | (o & 3) << 13 | ((__u32)special.rule & 0x7ff) << 15 |
	       (__u32)special.action << 26 | s << 28 | o >> 2 << 29 | flags << 30;
}

/* A decision as a number: rule, action and reader as struct sl_decision has them in memory. of: SL_PART_OF(). */
static inline __attribute__((always_inline)) __u32 sl_part_decision(__u32 of, __u32 special)
{
	__u32 reader = of >> 13 & 7;

	if (!SL_PART_RULE(of))
		return 0;
	if (special)
		reader = reader & 1 ? SL_READER_PURPOSE : SL_READER_STARTUP;
	else
		reader += reader > SL_READER_SELF;
	return SL_PART_RULE(of) | (of >> 11 & 3) << 16 | reader << 24;
}

/* A cell: the decision on a file of this set alone, and above it the set's part. */
#define SL_CELL_DECISION(cell) ((__u32)(cell))
#define SL_CELL_PART(cell) ((__u32)((cell) >> 32))

/*
 * Rows in pieces: piece number pieces[sl_piece_index()], its cells from piece << SL_PIECE_SHIFT on. Rows differ where few sets are: most
 * pieces are equal, and are there once.
 */
#define SL_PIECE_SHIFT 4

static inline __attribute__((always_inline)) __u32 sl_row_pieces(__u32 sets)
{
	return (sets + (1u << SL_PIECE_SHIFT) - 1) >> SL_PIECE_SHIFT;
}

static inline __attribute__((always_inline)) __u32 sl_piece_index(__u32 sets, __u32 row, __u32 set)
{
	return row * sl_row_pieces(sets) + (set >> SL_PIECE_SHIFT);
}

static inline __attribute__((always_inline)) __u32 sl_piece_cell(__u32 piece, __u32 set)
{
	return piece << SL_PIECE_SHIFT | (set & ((1u << SL_PIECE_SHIFT) - 1));
}

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

/*
 * Connect rules are numbered by themselves, in the order of the policy, and each part of a connection has a vector: bit i: rule i holds as
 * far as this part goes. A rule holds if it does in all of them, so the first common bit is the one that decides. Nothing
 * is multiplied: a table is as large as the parts are many. Vectors are kept once each; net_index[] says which is whose,
 * and the rest of what is known of a part.
 *
 * A vector has `words` words of rules. With more than one, a word stands in front that says which of them have any bit, so that the
 * search does not look at those that cannot.
 */
struct sl_net_info {
	__u32 rules;     /* 1: there are connect rules; 0: nothing else is looked at */
	__u32 blocks;    /* 1: one of them blocks */
	__u32 sets;      /* match sets of host names */
	__u32 addrs;     /* classes of addresses, at least 1 */
	__u32 ports;     /* classes of ports, at least 1 */
	__u32 words;     /* of rules in a vector, 1 .. SL_NET_WORDS_MAX */
	__u32 memories;  /* `after:` conditions */
	__u32 ranges4;   /* address ranges of each family; 0: its trie is not asked */
	__u32 ranges6;
	__u32 owners;    /* words of net_index[] in which tools have their own providers, by tool; 0: no rule asks */
	__u32 index;     /* entries of net_index[], at least 1; in the kernel's copy padded to a power of two */
	__u32 vectors;   /* entries of net_vectors[]: the same */
	/* Where these parts begin in net_index[]. */
	__u32 exes_at;      /* by exe_set: vector; those of tools are in front of them */
	__u32 users_at;     /* by user class: vector */
	__u32 states_at;    /* by state, see sl_memory_state(): vector */
	__u32 ports_at;     /* by class: vector */
	__u32 addrs_at;     /* by class: SL_NET_ADDR_* */
	__u32 sets_at;      /* by match set: SL_NET_SET_* */
	__u32 meanings_at;  /* by meaning of a provider: SL_NET_MEANING_*; 0: unknown */
	__u32 rows_at;      /* of meanings by port class: see SL_NET_BY_PORT */
	__u32 owners_at;    /* by tool: bits of groups of meanings that are its own */
	__u32 rules_at;     /* by rule: its number in the policy, its action */
};

#define SL_NET_WORDS_MAX 16      /* SL_RULES_MAX bits */

/* A match set: vector, and the meaning of the provider that its names are of (0: of none). */
#define SL_NET_SET_VECTOR 0
#define SL_NET_SET_MEANING 1
#define SL_NET_SET 2

/* A class of addresses: the same, and which of the words it is. */
#define SL_NET_ADDR_VECTOR 0
#define SL_NET_ADDR_MEANING 1
#define SL_NET_ADDR_WORD 2
#define SL_NET_ADDR 4

#define SL_NET_WORD_NEITHER 0
#define SL_NET_WORD_LOOPBACK 1
#define SL_NET_WORD_PRIVATE 2

/* As a meaning: which it is depends on the port, and the low bits are a row of meanings. Where the row says 0, the names mean no
 * provider at this port. */
#define SL_NET_BY_PORT 0x8000

/* What a provider means: vectors by the address's word, for strangers and for tools whose own it is; whose own it is. */
#define SL_NET_MEANING_VECTOR(word, own) ((word) * 2 + (own))
#define SL_NET_MEANING_GROUP 6
#define SL_NET_MEANING 8

/* Keys of the tries: longest prefix match wants the length first, the address in network order. */
struct sl_net_key4 {
	__u32 bits;
	__u32 addr;
};

struct sl_net_key6 {
	__u32 bits;
	__u32 addr[4];
};

/* Port, of streams and then of datagrams -> class of ports. Behind them the kinds of sockets that are judged when they are made, by
 * SL_SOCKET_*, which stands in a destination's port: nothing is known of where they send. */
#define SL_NET_STREAM 0
#define SL_NET_DATAGRAM 1
#define SL_NET_SOCKET 2
#define _SL_NET_KINDS 3

/* Sockets that send without passing the hooks on connections. */
#define SL_SOCKET_RAW 1        /* IP, by itself */
#define SL_SOCKET_ICMP 2       /* of unprivileged ping */
#define SL_SOCKET_PACKET 3
#define SL_SOCKET_SCTP 4
#define SL_SOCKET_VSOCK 5
#define SL_SOCKET_BLUETOOTH 6
#define SL_SOCKET_TIPC 7
#define SL_SOCKET_XDP 8
#define SL_SOCKET_TUN 9        /* no socket: a network device whose packets a program writes */
#define SL_SOCKET_OTHER 10     /* every further family and protocol that leads out of the process */
#define _SL_SOCKET_MAX 11

struct sl_net_ports {
	__u16 cls[2 * 65536 + 64];
};

#define SL_NET_PORTS (2 * 65536 + 64)

static inline __attribute__((always_inline)) __u32
sl_net_port_index(__u32 kind, __u32 port)
{
	return kind == SL_NET_SOCKET ? 2 * 65536 + (port & 63) : (kind & 1) << 16 | (port & 0xffff);
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

/* Bytes of a key of the table of names: the address, IPv4 as v4-mapped, and the network namespace as in struct sl_rec_dns. */
#define SL_NET_KEY 20

struct sl_net_names {
	struct sl_net_name names[SL_NET_NAMES];
};

#define SL_NET_WORD(until_ns, set) (((until_ns) & ~0xffffull) | (set))
#define SL_NET_WORD_SET(word) ((__u16)(word))
#define SL_NET_WORD_UNTIL(word) ((word) | 0xffff)
#define SL_NET_WORD_GONE 0x10000ull   /* while an entry changes its set: long out of the question */

/*
 * What a session has read: key its outermost session, so that sessions within and around it share it. Bit i of a state: the
 * policy's condition i holds.
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

/* The tables as they lie in memory, each as long as sl_net_info says. */
struct sl_net_index {
	__u16 v[1];
};

struct sl_net_vectors {
	__u64 v[1];
};

/* What is known of a connection but its name: found once, asked for each of the names that it may have. On the programs' stack: small. */
#define SL_NET_VECTORS 6
struct sl_net_place {
	__u64 common;          /* first word that all vectors below have in common */
	__u16 vector[SL_NET_VECTORS]; /* numbers: of tool, executable, user, state, address, port */
	__u16 word;            /* SL_NET_WORD_* of the address */
	__u16 meaning;         /* of the provider that the address means */
	__u16 tool, port;      /* port: its class */
};

/* An entry; one out of the table (a corrupt table only) is 0, and a vector's 0: no rule holds. net is volatile for the programs' sake: what
 * the verifier knows as constants is read again instead of being kept on the stack. */
static inline __attribute__((always_inline)) __u32
sl_net_at(const struct sl_net_index *index, const volatile struct sl_net_info *net, __u32 at)
{
#ifdef __bpf__
	return index->v[at & (net->index - 1)]; /* as in automaton.h */
#else
	return at < net->index ? index->v[at] : 0;
#endif
}

/* Word `word` of vector number n; 0 is the only one, or that which stands in front. */
static inline __attribute__((always_inline)) __u64
sl_net_vector(const struct sl_net_vectors *vectors, const volatile struct sl_net_info *net, __u32 n, __u32 word)
{
	__u32 at = net->words > 1 ? n * (net->words + 1) + word : n;

#ifdef __bpf__
	return vectors->v[at & (net->vectors - 1)];
#else
	return at < net->vectors ? vectors->v[at] : 0;
#endif
}

/* The provider's meaning at this port. */
static inline __attribute__((always_inline)) __u32
sl_net_meaning(const struct sl_net_index *index, const volatile struct sl_net_info *net, __u32 meaning, __u32 port)
{
	if (!(meaning & SL_NET_BY_PORT))
		return meaning;
	return sl_net_at(index, net, net->rows_at + (meaning & (SL_NET_BY_PORT - 1)) * net->ports + port);
}

/* Whose vectors they are; then what they have in common. Two steps: the programs have no stack for both tables at a time. */
static inline __attribute__((always_inline)) void
sl_net_find(struct sl_net_place *p, const struct sl_net_index *index, const volatile struct sl_net_info *net, __u32 tool, __u32 exe_set,
	    __u32 user, __u32 state, __u32 addr, __u32 port)
{
	__u32 at = net->addrs_at + addr * SL_NET_ADDR;

	p->tool = tool;
	p->port = port;
	p->vector[0] = sl_net_at(index, net, tool);
	p->vector[1] = sl_net_at(index, net, net->exes_at + exe_set);
	p->vector[2] = sl_net_at(index, net, net->users_at + user);
	p->vector[3] = sl_net_at(index, net, net->states_at + state);
	p->vector[4] = sl_net_at(index, net, at + SL_NET_ADDR_VECTOR);
	p->vector[5] = sl_net_at(index, net, net->ports_at + port);
	p->word = sl_net_at(index, net, at + SL_NET_ADDR_WORD);
	p->meaning = sl_net_meaning(index, net, sl_net_at(index, net, at + SL_NET_ADDR_MEANING), port);
}

static inline __attribute__((always_inline)) void
sl_net_common(struct sl_net_place *p, const struct sl_net_vectors *vectors, const volatile struct sl_net_info *net)
{
	__u64 common = ~0ull;

	for (__u32 k = 0; k < SL_NET_VECTORS; k++)
		common &= sl_net_vector(vectors, net, p->vector[k], 0);
	p->common = common;
}

/* Number of the lowest bit of a word that has one (BPF has no instruction for it). */
static inline __attribute__((always_inline)) __u32
sl_first_bit(__u64 word)
{
	static const __u8 number[64] = {
		0,  1,  2,  53, 3,  7,  54, 27, 4,  38, 41, 8,  34, 55, 48, 28, 62, 5,  39, 46, 44, 42, 22, 9,  24, 35, 59, 56, 49, 18, 29, 11,
		63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21, 23, 58, 17, 10, 51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
	};

	word &= -word;
	/* Clang sees what this counts, makes an operation of it; 17 and 18 then have no code for that on BPF. */
	asm volatile("" : "+r"(word));
	return number[word * 0x022fdd63cc95386dull >> 58];
}

/* The first rule that holds for a place by a name of this match set (0: by no name). */
static inline __attribute__((always_inline)) void
sl_net_first(const struct sl_net_place *p, const struct sl_net_index *index, const struct sl_net_vectors *vectors,
	     const volatile struct sl_net_info *net, __u32 set, struct sl_decision *ret)
{
	__u32 at = net->sets_at + set * SL_NET_SET, own = 0, name = sl_net_at(index, net, at + SL_NET_SET_VECTOR), provider, rule = 0;
	__u64 common;

	provider = sl_net_meaning(index, net, sl_net_at(index, net, at + SL_NET_SET_MEANING), p->port);
	at = net->meanings_at + (provider ? provider : p->meaning) * SL_NET_MEANING;
	if (net->owners) {
		__u32 group = sl_net_at(index, net, at + SL_NET_MEANING_GROUP);

		own = sl_net_at(index, net, net->owners_at + p->tool * net->owners + (group >> 4)) >> (group & 15) & 1;
	}
	provider = sl_net_at(index, net, at + SL_NET_MEANING_VECTOR(p->word, own));
	common = p->common & sl_net_vector(vectors, net, name, 0) & sl_net_vector(vectors, net, provider, 0);
	if (net->words > 1) {
		__u64 left = common;

		common = 0;
#ifdef __bpf__
#pragma clang loop unroll(disable)
#endif
		for (__u32 i = 0; i < SL_NET_WORDS_MAX && left && !common; i++) {
			__u32 word = sl_first_bit(left);

			left &= left - 1;
			rule = word++ * 64;
			common = sl_net_vector(vectors, net, name, word) & sl_net_vector(vectors, net, provider, word);
#ifdef __bpf__
#pragma clang loop unroll(disable)
#endif
			for (__u32 k = 0; k < SL_NET_VECTORS; k++)
				common &= sl_net_vector(vectors, net, p->vector[k], word);
		}
	}
	ret->rule = SL_RULE_NONE;
	ret->action = SL_ACTION_ALLOW;
	ret->reader = SL_READER_OTHER;
	if (!common)
		return;
	at = net->rules_at + (rule + sl_first_bit(common)) * 2;
	ret->rule = (__u16)sl_net_at(index, net, at);
	ret->action = (__u8)sl_net_at(index, net, at + 1);
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
