/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Limits and versions that the BPF programs and the agent agree on. Compiled by clang -target bpf and by the
 * host compiler: fixed widths, no libc. Every limit says why it has its value and what happens beyond it.
 */
#ifndef SL_ABI_H
#define SL_ABI_H

#include <linux/types.h>

/* Wire version of include/record.h. A reader refuses any other. */
#define SL_RECORD_VERSION 1

/*
 * Bytes of a path that one record carries. PATH_MAX does not bound an absolute path (relative chdir goes
 * deeper); a longer path is matched to its root all the same, but reported cut, with SL_STR_TRUNCATED.
 */
#define SL_PATH_MAX 4096

/* Directory levels that the path walk follows. 4,096 bytes hold at most 2,048 components; beyond it the
 * path counts as unresolvable (SL_SET_UNRESOLVED), never as "no match". */
#define SL_DEPTH_MAX 2048

/* Bytes in one path component: the kernel's NAME_MAX. */
#define SL_NAME_MAX 255

/* Argument bytes taken at exec, NULs included; more is cut with SL_STR_TRUNCATED. */
#define SL_ARGV_MAX 1024

/* Arguments examined for a tool's script, and bytes of each. Launchers seen put the script in the first six. */
#define SL_ARG_SCAN 6
/* Arguments examined for words that readers ask for. */
#define SL_ARG_WORDS 64
#define SL_ARG_LEN 256

/* Kernel's TASK_COMM_LEN. */
#define SL_COMM_LEN 16

/* A cgroup's name: "docker-<64 hex>.scope" is 77 bytes. Its path, leaf first, is cut behind so many folders and bytes: containers
 * within containers go on being made, and the engine of the host is at the other end. */
#define SL_CGROUP_LEN 128
#define SL_CGROUP_DEPTH 12
#define SL_CGROUP_PATH_LEN 512
#define SL_TTY_LEN 16

/* Bytes of a DNS answer taken: the largest common EDNS size. Longer datagrams are counted, not parsed. */
#define SL_DNS_MAX 1500

/* Bytes of a host name: what DNS allows, and what fits a length of one byte. */
#define SL_HOST_MAX 255

/* Bytes of a ClientHello that are followed. Those seen have up to 2 KB; what is longer is said to be, and has no name. */
#define SL_HELLO_MAX 65535

/* Sockets of sessions whose flows are followed at a time; about 500 bytes each. Full: a new one goes uncounted and its server
 * name unread (SL_LOSS_FLOW). */
#define SL_FLOWS_MAX 50000
#define SL_FLOWS_SHARE (SL_FLOWS_MAX / 4) /* of each user but root */

/* A unit's name that is followed, with its NUL; longer ones are not. Units that were asked for and may start yet. */
#define SL_UNIT_LEN 128
#define SL_UNITS_MAX 1024

/* How long after the request a unit whose name somebody chose counts as the one asked for. */
#define SL_UNIT_NS (10ull * 1000000000)

/* Largest record: header, fixed part, and every variable part at its limit (exe, cwd, argv, cgroup, tty). */
#define SL_RECORD_MAX 12288

/* Sets of names that one address can stand for at a time, and sessions remembered for each. Beyond it the one learnt
 * longest ago is forgotten; content networks have many names on an address, and the latest is the likely one. */
#define SL_NET_NAMES 8
#define SL_NET_ASKERS 4

/* Addresses whose names the kernel knows; the one used longest ago is forgotten for a new one. */
#define SL_NET_ADDRS_MAX 16384

/* A name's time to live counts at least this (clients resolve, then take their time to connect) and at most this. */
#define SL_NET_TTL_MIN 30
#define SL_NET_TTL_MAX 86400

/* How long a name counts after its time to live is over, behind those that are valid: connection pools outlive it. */
#define SL_NET_GRACE_NS (3600ull * 1000000000)

/* Pids are below this on every kernel (PID_MAX_LIMIT); sizes the bitmap of labelled processes. */
#define SL_PID_LIMIT 4194304

/* Tools of the sessions around a session, each counted once. A further one that is met inside is no tool there but a program of the session
 * that it is in: nothing becomes milder by that, and its own rules are not asked (SL_LOSS_NESTED). */
#define SL_OUTER_MAX 3

/* Policy sizes. Beyond any of them the compiler refuses the policy and names what did not fit. */
#define SL_TOOLS_MAX 1024     /* tool 0 is "outside every session" */
#define SL_RULES_MAX 1024
#define SL_EXE_SETS_MAX 2048  /* distinct sets of executable classes */
#define SL_SETS_MAX 8192      /* distinct sets of file classes */
#define SL_COMBOS_FIRST SL_SETS_MAX   /* ids of sets in several lanes at once, numbered as they are met */
#define SL_COMBOS_MAX 32768           /* beyond: the file counts as one that cannot be resolved, and a loss is counted */
#define SL_ROWS_MAX 8192      /* distinct subjects after merging */
#define SL_USERS_MAX 64       /* user classes named by rules; 0 is "anyone else" */
#define SL_SUBJECTS_MAX (1u << 20)  /* tools * exe sets * modes * users: entries of the row index, eight bytes each */
#define SL_CELLS_MAX (1u << 20)     /* decisions on files, equal pieces of rows once: eight bytes each in the kernel */
#define SL_PIECES_MAX (512u << 10)  /* rows * pieces of a row: the same */
#define SL_NET_RANGES_MAX 65536     /* address ranges that connect rules need */
#define SL_NET_INDEX_MAX (2u << 20)   /* entries of net_index[], two bytes each */
#define SL_NET_VECTORS_MAX (1u << 20) /* entries of net_vectors[], eight bytes each */
#define SL_PROVIDERS_MAX 8192         /* names of definitions are compared with one another */
#define SL_DFA_STATES_MAX 65535
#define SL_DFA_TRANS_MAX (16u << 20) /* table entries, two bytes each */
#define SL_HOSTS_WORDS_MAX (2u << 20) /* the table of host names, four bytes each */
#define SL_NAME_SETS_MAX 65535       /* distinct sets of lists of host names: two bytes */

#define SL_MEMORIES_MAX 4            /* distinct `after:` conditions of a policy */
#define SL_SESSIONS_REMEMBERED 16384 /* sessions that have read something that is remembered */

#define SL_PEER_OBJECTS_MAX 4096     /* ways to inspect, and distinct sets of brokers */
#define SL_PEER_DECISIONS_MAX (1u << 20)

/* Abstract socket names are matched as if they were files below this directory: a name goes through the path automaton. */
#define SL_ABSTRACT "/@"

/* Sockets that sessions have got from elsewhere: noted at once, descriptors looked at as a session begins, and of one message. */
#define SL_HANDED_MAX 1024
#define SL_HANDED_FDS 256
#define SL_HANDED_SENT 8

#endif /* SL_ABI_H */
