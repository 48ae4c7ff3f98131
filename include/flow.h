/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A flow of a session: value of the map `flows`, key its socket's cookie. From the moment a connection stands (or the first data with a
 * SYN), or the first datagram, until the socket is closed: what is refused has none. A descriptor that is passed on stays with its flow; whoever opened it is who it belongs to. A UDP socket has one
 * flow, whatever number of addresses it sends to; the address is that of the first.
 *
 * Payload, not headers. Of TCP, sent bytes are how far the stream has come: what is sent again is not counted again. What is
 * received is counted as it arrives, so bytes that came twice count twice. sent_bytes never shrinks.
 */
#ifndef SL_FLOW_H
#define SL_FLOW_H

#include "hello.h"
#include "label.h"
#include "policy_map.h"
#include "record.h"

#ifndef __bpf__
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#endif

/* Whose a connection is, and who else is asked before a verdict on it. */
struct sl_party {
	struct sl_who who;
	struct sl_asked asked;
};

/*
 * Kept with the socket of a flow (map `flow_marks`), and gone with it. Where it was pointed last, and who did: a connect costs no more
 * than this, the flow begins with the first packet that shows one. Two threads that point one socket at different places at
 * the same time may leave a mixture; so does the kernel, as to where the datagram goes.
 */
struct sl_socket {
	union {
		struct sl_party by;
		struct sl_who who;
	};
	struct sl_session root;   /* outermost session around it */
	__u8 addr[16];            /* as in struct sl_rec_net */
	struct sl_net_choice choice; /* verdict on it */
	__u16 port;
	__u8 family;
	__u8 judged;              /* 0: UDP that connected where no rule blocks: as its first datagram goes */
	__u32 proto;              /* of the socket */
	__u32 pending;            /* connected, and no flow of that yet (taken by an atomic exchange) */
	__u32 placed;             /* SL_PLACED_* */
	__u32 listening;          /* it listens; what it accepts has a copy of this mark, as it is before the connection stands */
	__u32 netns;              /* low half of the cookie of its network namespace */
	__u32 owner;              /* user whose share its flow takes (owner_uid()), plus one; 0: not known yet */
};

/* Is it counted in places[]? */
#define SL_PLACED_NOT 0
#define SL_PLACED 1
#define SL_PLACED_LATER 2         /* the agent marked it, and cannot know its place: with its first packet; counted in unplaced */

/* Places of marked sockets, by address in memory. A power of two; more sockets than that only share places. */
#define SL_PLACES 4096

struct sl_flow {
	union {
		struct sl_party by;
		struct sl_who who;
	};
	__u8 addr[16];            /* as in struct sl_rec_net */
	__u16 port;
	__u8 family, proto;
	__u32 flags;              /* SL_FLOW_* */
	__u64 first_ns, last_ns;  /* CLOCK_BOOTTIME: opened; last packet either way */
	__u64 sent_bytes, received_bytes;
	__u64 sent_segs, received_segs;
	__u32 next_seq;           /* TCP: behind what was sent */
	__u16 rule;               /* that judged the connect */
	__u8 action;
	__u8 started;             /* next_seq is known */
	__u64 root_ns;            /* outermost session, as in struct sl_label */
	__u32 root_pid;
	__u32 state;              /* conditions of `after:` that held when it was judged */
	__u64 read_ns;            /* the session's read that sends are counted from, 0 none */
	__u64 after_ns;           /* of the first byte after it */
	__u64 after_bytes;        /* since then */
	__u64 after_told;         /* as many more are worth a record */
	struct sl_hello hello;
	__u8 name[SL_HOST_MAX + 1]; /* of the server, hello.name_len bytes */
	__u8 asked[SL_HOST_MAX + 1]; /* of a proxy, which was followed by more: name or address, asked_len bytes */
	__u8 asked_len;           /* 0: nothing */
	__u8 asked_addr;          /* it is an address */
	__u8 reserved[6];
	__u32 netns;              /* as in struct sl_socket */
	__u32 owner;
};

/*
 * Where it goes, for a record: the server's name, or what its proxy was asked for where nothing else is known. *ret_flags: SL_HELLO_* of
 * that. *ret_len is at most SL_HOST_MAX.
 */
static inline __attribute__((always_inline)) const __u8 *sl_flow_name(const struct sl_flow *f, __u32 *ret_flags, __u32 *ret_len)
{
	__u32 flags = f->hello.flags;

	if (!(flags & SL_HELLO_INNER) || ((flags & SL_HELLO_NAME) && !(flags & SL_HELLO_SAME))) {
		*ret_flags = flags & SL_HELLO_FLAGS;
		*ret_len = flags & SL_HELLO_NAME ? f->hello.name_len : 0;
		return f->name;
	}
	*ret_flags = SL_HELLO_PROXY | (f->asked_len ? SL_HELLO_NAME : 0) | (f->asked_addr ? SL_HELLO_ADDR : 0);
	*ret_len = f->asked_len;
	return f->asked;
}

#ifndef __bpf__
#pragma GCC diagnostic pop
_Static_assert(sizeof(struct sl_socket) == 136, "the agent and the programs must agree");
_Static_assert(sizeof(struct sl_flow) == 752, "the agent and the programs must agree");
#endif

#endif /* SL_FLOW_H */
