/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Every map and global of the programs, with what happens when it is full or an entry is missing. maps.bpf.c defines
 * them (SL_MAPS_DEFINE); the other objects refer to them, and bpftool links all into one.
 */
#ifndef SL_MAPS_H
#define SL_MAPS_H

#include "abi.h"
#include "about.h"
#include "exception.h"
#include "flow.h"
#include "guarded.h"
#include "knobs.h"
#include "label.h"
#include "policy_map.h"
#include "record.h"
#include "roots.h"

#ifdef SL_MAPS_DEFINE
#define SL_EXTERN
#else
#define SL_EXTERN extern
#endif

/* Programs that others hand over to (enum sl_more), set by the loader. A slot that is empty: what is there is not looked at. Pinned with the
 * links: the kernel empties it when neither a file nor a descriptor refers to it. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, _SL_MORE_MAX);
	__uint(key_size, 4);
	__uint(value_size, 4);
} more SEC(".maps");

/* Labels by tgid. Not preallocated, and as large as there can be threads (set by the loader), so it cannot be filled. A new entry's memory is taken where
 * nothing may wait, and is refused for moments on a machine that is short of it: for then the agent makes SL_LABEL_SPARES
 * entries beforehand, with keys above all pids. Those full as well: the process runs unlabelled, and SL_LOSS_LABEL counts it. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SL_PID_LIMIT + SL_LABEL_SPARES);
	__type(key, __u32);
	__type(value, struct sl_label);
} labels SEC(".maps");

/* Whose each spare entry is: a tgid, 0: nobody's. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SL_LABEL_SPARES);
	__type(key, __u32);
	__type(value, __u32);
} label_spares SEC(".maps");

/* One bit per pid: has an entry in `labels`. An array look-up is inlined, so this is what bystanders pay. Mapped by the
 * agent, which sets bits by atomic operations as the programs do. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SL_PID_LIMIT / 64);
	__type(key, __u32);
	__type(value, __u64);
} label_bits SEC(".maps");

/* The automata: one value each, sized by the loader (struct sl_dfa). */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4096);
} path_dfa SEC(".maps");

/* Words in files' own names; a few bytes where there are none. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4096);
} words_dfa SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4096);
} exec_dfa SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4096);
} sock_dfa SEC(".maps");

/* Policy tables, include/policy_map.h; entries set by the loader, the large ones by mapping them. A missing entry reads as
 * "allow, say nothing". */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_exec_set);
} exec_sets SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_argv_alt);
} argv_alts SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u16);
} argv_outcomes SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u16);
} script_sets SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_tool);
} tools SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u16);
} rows SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} cells SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} pieces SEC(".maps");

/*
 * Sets in several lanes at once, met so far: sets by lane -> id, and id - SL_COMBOS_FIRST -> sets. Two CPUs that meet the same
 * at once number it twice, and both numbers are good. Full: the file counts as unresolvable, and a loss is counted.
 */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} combos SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} combo_sets SEC(".maps");

/* The same for other processes and brokers. peer_objects: socket set -> objects, see SL_PEER_OBJECT. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u16);
} peer_rows SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_decision);
} peer_decisions SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} peer_objects SEC(".maps");

/* uid -> user class; a uid that is not there is class 0. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SL_USERS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} users SEC(".maps");

/* Verdict cache, direct mapped: 48 bits of tag, 16 bits of match set. Never full: a collision replaces. A word is
 * written whole, so no reader sees half of one. See path.h for what the tag covers. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << SL_CACHE_SHIFT);
	__type(key, __u32);
	__type(value, __u64);
} verdicts SEC(".maps");

/* Records. Ordinary ones do not wake the agent, alerts (in the small ring) do. Full: dropped and counted. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 << 20);
} ring SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} urgent SEC(".maps");

/* enum sl_loss -> count, per CPU. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, _SL_LOSS_KERNEL_MAX);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

/* Calls that one of two twins has seen to, see first_run(). Never full: a call that takes another's place has that one seen to
 * twice. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SL_HANDLED_MAX);
	__type(key, __u32);
	__type(value, __u64);
} handled SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_twins);
} twins SEC(".maps");

/* Where a record is put together before it goes to a ring with just the bytes it uses. Slots are claimed (busy), since a
 * program can be preempted by another one on the same CPU; none free: dropped, SL_LOSS_SCRATCH. The slack behind
 * SL_RECORD_MAX lets a bounded copy at any offset below it be proved safe. work: what a path is copied with (path_copy()). */
struct scratch {
	__u64 busy;
	__u64 work[16];
	__u8 data[SL_RECORD_MAX + SL_PATH_MAX];
};

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SL_SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Where unconnected sockets have sent -> the rule that judged it. LRU: when full the oldest is forgotten, and told again. */
struct dest_key {
	__u64 cookie;
	__u64 dest;              /* hash of the address */
};

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SL_DESTS_MAX);
	__type(key, struct dest_key);
	__type(value, __u32);
} dests SEC(".maps");

/* Match sets of files that were secrets under another name. Never evicted by new ones; it ends with its inode (inode_ends()). Full, or
 * the user's share of it is (SL_ALIASES_SHARE): a session's link or rename of a secret is refused where blocks are, anybody else's is
 * not, and SL_LOSS_ALIAS counts it. */
struct alias_key {
	__u64 ino;
	__u32 dev;
	__u32 generation;
};

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SL_ALIASES_MAX);
	__type(key, struct alias_key);
	__type(value, struct sl_alias);
} aliases SEC(".maps");

/* Files that sessions made (made.bpf.c). LRU: the one not run for longest is forgotten, and counts as there before. */
struct made_file {
	__u64 root_ns;
	__u32 root_pid;
	__u32 name;                /* hash of the name that it was made under, as the kernel has it */
};

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SL_MADE_MAX);
	__type(key, struct alias_key);
	__type(value, struct made_file);
} made_files SEC(".maps");

/* By exe_set: 1: what it creates in a session, the session made up. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8);
} makers SEC(".maps");

/* Entries that each user has in `aliases`, `moved` and `flows`. Full: one more user has no share, as if it were used up. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SL_OWNERS_MAX);
	__type(key, __u64);
	__type(value, __u32);
} owners SEC(".maps");

/* Where a directory was before it was renamed, if that tells what files below it are. Full, or a third place: as above. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SL_MOVED_MAX);
	__type(key, struct alias_key);
	__type(value, struct sl_moved);
} moved SEC(".maps");

/* Directories that are roots. Filled by the agent; full: it counts what is left out. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SL_ROOTS_MAX);
	__type(key, struct sl_root_key);
	__type(value, __u64);
} roots SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SL_ROOT_BITS / 64);
	__type(key, __u32);
	__type(value, __u64);
} root_bits SEC(".maps");

/* Units that sessions asked systemd for, by name. LRU: when full the one asked for longest ago is forgotten, and starts
 * without a label, as lineage.lost has said. */
struct asked {
	struct sl_label label;   /* of who asked */
	__u64 at_ns;
	__u32 reserved;
	__u32 random;            /* the name is nobody else's */
};

/* Whose manager was asked is part of it: what one user asks for is never looked up, or replaced, by another's request. */
struct unit_key {
	__u8 name[SL_UNIT_LEN];  /* the service's, padded with zeros */
	__u32 uid;               /* of the manager: the asking user's own, 0 the system's */
	__u32 system;            /* 1: pid 1 */
};

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SL_UNITS_MAX);
	__type(key, struct unit_key);
	__type(value, struct asked);
} units SEC(".maps");

/* Forks while `starting`, by the low bits of the child's tgid: sl_early_fork(). Never full: a later child of the same low bits
 * takes the place, SL_LOSS_LABEL (the start scan may miss the earlier one). */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SL_EARLY_FORKS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} early_forks SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_control);
} control SEC(".maps");

/* For people and for the next agent, see about.h. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_about);
} about SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, SL_NAME_TEXT);
} tool_names SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, SL_NAME_TEXT);
} set_names SEC(".maps");
/* The agent's own files and the folders above them, with SL_MARK_*. Full: the agent says which path is not protected. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SL_GUARDED_MAX);
	__type(key, struct sl_guard_key);
	__type(value, __u32);
} guarded SEC(".maps");

SL_EXTERN const volatile struct sl_knobs knobs;

/* Written by the agent while running. */
SL_EXTERN __u32 starting;               /* 1: note forks in early_forks */
SL_EXTERN __u32 live;                   /* enum sl_live */
SL_EXTERN __u32 runs_first[_SL_TWINS_MAX]; /* which of two twins the kernel runs first: 0 or 1 */
SL_EXTERN __u32 self_tgid;              /* the agent: its own opens are only counted. 0 when it ended (by the exit program) */

SL_EXTERN __u32 guard_sees_programs;    /* 1: the hook of programs' descriptors is attached */
SL_EXTERN __u32 guard_mark;             /* SL_MARK_*: what the agent opens now gets these marks */

SL_EXTERN __u32 exceptions_used;        /* there is one, or was */
SL_EXTERN __u32 exception_mark;         /* 1 + slot: what the agent opens now is the file that it is about */
SL_EXTERN __u32 root_mark;              /* 1: the directory that the agent opens now is a root */
SL_EXTERN __u32 alias_mark;             /* match set: what the agent opens now is such a secret, and may have other names */

/* Always 0, which the verifier does not know: see forget(). */
SL_EXTERN volatile __u64 nought;

/* Written by the programs. */
SL_EXTERN __u32 epoch;                  /* mixed into cache tags: bumped when paths may have changed their meaning */
SL_EXTERN __u32 combos_cnt;             /* numbers given out by `combos` */
SL_EXTERN __u32 aliases_used;           /* 1: `aliases` is not empty */
SL_EXTERN __u32 moved_used;             /* 1: `moved` is not empty */
SL_EXTERN __u32 roots_used;             /* 1: `roots` is not empty */
SL_EXTERN __u32 made_used;              /* 1: `made_files` is not empty */
SL_EXTERN __u32 units_used;             /* 1: `units` is not empty */
SL_EXTERN __u64 self_hits[_SL_HOOK_MAX]; /* times that the agent itself went through each hook */
SL_EXTERN __u64 roots_noted;            /* directories that root_mark was put on */
SL_EXTERN __u64 guard_marked;           /* times that guard_mark was put on something */
SL_EXTERN __u64 last_wake_ns;
SL_EXTERN __u64 known_plain;            /* the same of a mount whose paths the kernel's text says as they are compared */
SL_EXTERN __u64 known_oldest;           /* the same of a filesystem's oldest mount, of all of it */
SL_EXTERN __u64 known_top;              /* a mount that is the top of its namespace, and the epoch in which it was */

/* Tables of connect rules, include/policy_map.h; filled by the loader. Values are as long as struct sl_net_info says. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_net_ports);
} net_ports SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4096);
} net_index SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4096);
} net_vectors SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct sl_net_key4);
	__type(value, __u32);
} net_ranges4 SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct sl_net_key6);
	__type(value, __u32);
} net_ranges6 SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4096);
} host_names SEC(".maps");

/* Address (IPv4 as v4-mapped) in a network namespace -> names known from DNS. LRU: when full the address used longest ago is forgotten, and has no
 * name until it is looked up again. The agent's own table is as large, is filled by the same answers, and counts what it
 * forgets (SL_LOSS_NAME_EVICTED). */
struct net_addr {
	__u8 addr[16];
	__u32 netns;             /* where it was asked for: low half of the namespace's cookie */
};

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SL_NET_ADDRS_MAX);
	__type(key, struct net_addr);
	__type(value, struct sl_net_names);
} net_names SEC(".maps");

/* Questions that a socket has sent and that are not answered yet, whoever it belongs to. With the socket, so that nobody can take the
 * room of another's: when one asks more at a time, the oldest question counts as not asked. */
#define DNS_ASKED 16 /* a power of two */
#define DNS_ASKED_NS 30000000000ull /* what comes later is no answer */

struct dns_asked {
	struct {
		__u64 until_ns;  /* 0: free, or answered */
		__u32 hash;      /* of name, type and class */
		__u32 id;
	} v[DNS_ASKED];
	__u32 next, reserved;
};

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct dns_asked);
} dns_questions SEC(".maps");

/* What sessions have read, by outermost session; entries go with the session (agent). Full: what is read then is not remembered,
 * SL_LOSS_MEMORY. memory_sets: path set -> bits of conditions. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SL_SESSIONS_REMEMBERED);
	__type(key, struct sl_session);
	__type(value, struct sl_memory);
} memory SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8);
} memory_sets SEC(".maps");
/* Flows of sessions by socket cookie. Not preallocated. Full, or its user's share is: SL_LOSS_FLOW, and the socket sends nothing where a
 * block could still come from what it sends; elsewhere it goes on unfollowed. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SL_FLOWS_MAX);
	__type(key, __u64);
	__type(value, struct sl_flow);
} flows SEC(".maps");

/* Exceptions to blocks, for a time. Pinned. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SL_EXCEPTIONS_MAX);
	__type(key, __u32);
	__type(value, struct sl_exception);
} exceptions SEC(".maps");

/* On the sockets of sessions. It goes with its socket; what a listening one accepts gets a copy. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct sl_socket);
} flow_marks SEC(".maps");

/* Own ends of connections that sessions made, to the socket's cookie: a session may be on the other end, too. LRU: one that is forgotten
 * when the table is full is taken for somebody else's, which is told and judged. */
struct end {
	__u64 net;               /* network namespace, by its address in memory */
	__u32 addr[4];
	__u32 port, family;
};

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct end);
	__type(value, __u64);
} ends SEC(".maps");

/* How many marked sockets there are in each place, and how many are in none yet. A packet of a socket whose place is empty is of no
 * interest: that look costs a third of one at the mark. What is counted once too often only costs. */
SL_EXTERN __u32 places[SL_PLACES];

/* Sockets that sessions have got from elsewhere and not sent on yet, by the address of their struct sock. LRU: when full the one noted longest
 * ago is forgotten, and sends unfollowed. Each is counted in places[]. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SL_HANDED_MAX);
	__type(key, __u64);
	__type(value, struct sl_socket);
} handed SEC(".maps");

SL_EXTERN __u32 unplaced;

/* Some process of a session has listened. */
SL_EXTERN __u32 listened;

#endif /* SL_MAPS_H */
