/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The wire records: what a BPF program writes into a ring, and what `sluice record` stores in a file.
 *
 * Every record starts with struct sl_hdr. Numbers are host endian, natural alignment, no holes (the build fails
 * on padding). Kinds are append-only. Variable bytes follow the fixed part in the order that the struct's
 * `*_len` fields have; there is no NUL and no padding between them. hdr.size is the whole length; a reader
 * checks size, then each length, and accepts nothing left over.
 *
 * Times are nanoseconds of CLOCK_BOOTTIME; SL_REC_CLOCK maps them to wall time. Pids are those of the initial
 * pid namespace.
 *
 * Paths from the kernel come LEAF FIRST: components without separators, each ended by '/': "/home/ann/.env" is
 * ".env/ann/home/" (a component holds no '/' and no NUL, so this is exact). SL_STR_PLAIN marks an ordinary path
 * (written by the procfs scan).
 */
#ifndef SL_RECORD_H
#define SL_RECORD_H

#include "abi.h"

#ifndef __bpf__
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#endif

enum sl_kind {
	SL_REC_INVALID = 0,
	SL_REC_EXEC = 1,   /* struct sl_rec_exec: a process image: exec, procfs scan, or first event of a stranger */
	SL_REC_FORK = 2,   /* struct sl_rec_fork: a labelled process was born */
	SL_REC_EXIT = 3,   /* struct sl_rec_exit: a labelled process ended */
	SL_REC_FILE = 4,   /* struct sl_rec_file: a file of interest was opened */
	SL_REC_NET = 5,    /* struct sl_rec_net: connect, unconnected send, first send of a connected UDP socket */
	SL_REC_DNS = 6,    /* struct sl_rec_dns: a DNS message, raw */
	SL_REC_LOSS = 7,   /* struct sl_rec_loss: counted losses (made by the agent from the counters) */
	SL_REC_CLOCK = 8,  /* struct sl_rec_clock (agent) */
	SL_REC_USER = 9,   /* struct sl_rec_user: uid -> name (agent) */
	SL_REC_AGENT = 10, /* struct sl_rec_agent: the agent's own events (agent) */
	SL_REC_VERDICT = 11, /* struct sl_rec_verdict: SL_REC_NET with the verdict that the kernel took */
	SL_REC_INSPECT = 12, /* struct sl_rec_inspect: a process outside the session was read, traced or robbed */
	SL_REC_BROKER = 13,  /* struct sl_rec_broker: a socket of a broker was connected to, or sent to */
	SL_REC_GUARD = 14, /* struct sl_rec_guard: a labelled process was kept from the agent */
	SL_REC_HELLO = 15, /* struct sl_rec_hello: a flow told its server's name, or that it is QUIC */
	SL_REC_FLOW = 16,  /* struct sl_rec_flow: a flow of a session has ended */
	SL_REC_SENT = 17,  /* struct sl_rec_sent: a flow sent something after its session had read a secret */
	_SL_REC_MAX,
};

struct sl_hdr {
	__u16 kind;      /* enum sl_kind */
	__u16 version;   /* SL_RECORD_VERSION */
	__u32 size;      /* whole record in bytes, this header included */
	__u64 time_ns;   /* CLOCK_BOOTTIME */
};

/* String flags. */
#define SL_STR_TRUNCATED 0x1  /* longer than the limit of abi.h: what is missing is the end of the bytes */
#define SL_STR_PLAIN 0x2      /* path is root first, as text */
#define SL_STR_UNRESOLVED 0x4 /* the walk ended before the root (detached mount, too deep); arguments: there are more than could be read */
#define SL_STR_MISSING 0x8    /* could not be read at all */
#define SL_STR_FOLDS 0x10     /* path: the file's directory ignores case (include/fold.h); of those above it nothing is said */
#define SL_STR_DOS 0x20       /* and as SL_NAMES_DOS says */
#define SL_STR_UNPROVED 0x40  /* of an executable that a rule or reader names: anybody may have put it there, not only root */

/* Who did it. Shared by every record about a process. */
struct sl_who {
	__u32 tgid;
	__u32 tid;          /* the thread, which is rarely the leader (processes do I/O in pools) */
	__u32 ppid;         /* tgid of the real parent, now */
	__u32 uid;          /* real uid, initial user namespace */
	__u64 start_ns;     /* start time of the thread group leader */
	__u64 session_ns;   /* session id: when its first process became the tool (from procfs: its start); 0: outside every session */
	__u32 session_pid;  /* session id, second half: pid of its first process */
	__u16 tool;         /* tool number in the policy, 0 none */
	__u16 exe_set;      /* set of executable classes */
	__u8 comm[SL_COMM_LEN]; /* of the thread; evidence of nothing */
};

/* How a label came to be. */
#define SL_EVID_NONE 0
#define SL_EVID_EXE 1        /* executable path matched */
#define SL_EVID_ARGV 2       /* interpreter's script matched */
#define SL_EVID_INHERITED 3  /* descendant of a labelled process */
#define SL_EVID_PROCFS 4     /* ran before the agent: matched from procfs */
#define SL_EVID_UNIT 5       /* systemd started it in a unit that the session had asked for by name */
#define _SL_EVID_MAX 6

#define SL_EXEC_ORIGIN_EXEC 1      /* a real exec */
#define SL_EXEC_ORIGIN_PROCFS 2    /* the agent read /proc */
#define SL_EXEC_ORIGIN_STRANGER 3  /* a process outside every session did something of interest */

#define SL_OPEN_FDS 48  /* descriptors that are looked at: what is left open for a program has low numbers */

struct sl_rec_exec {
	struct sl_hdr hdr;
	struct sl_who who;
	__u64 parent_session_ns;  /* of a new session: the session around it, 0 none */
	__u32 parent_session_pid;
	__u16 parent_tool;
	__u8 origin;              /* SL_EXEC_ORIGIN_* */
	__u8 evidence;            /* SL_EVID_* */
	__u8 new_session;         /* 1: this process is the first of its session */
	__u8 mode;                /* SL_MODE_SELF or SL_MODE_CHILD */
	__u16 exe_flags;          /* SL_STR_* for each string */
	__u16 cwd_flags;
	__u16 argv_flags;
	__u16 exe_len;
	__u16 cwd_len;
	__u16 argv_len;           /* argument bytes, each with its NUL */
	__u16 cgroup_len;         /* path of the cgroup v2 (or systemd v1), leaf first, '/' between; its leaf alone in older recordings */
	__u16 tty_len;            /* driver name as the kernel has it, "pts3" */
	__u16 open_fds[SL_OPEN_FDS / 16]; /* of an exec that begins a session: descriptors that it was given, a bit each, the first lowest */
};

struct sl_rec_fork {
	struct sl_hdr hdr;
	struct sl_who who;        /* the child; ppid is the parent */
};

struct sl_rec_exit {
	struct sl_hdr hdr;
	struct sl_who who;
	__u32 exit_code;          /* as in wait(2) */
	__u32 reserved;
};

#define SL_TAKEN_NONE 0      /* nothing was refused */
#define SL_TAKEN_DENIED 1
#define SL_TAKEN_KILLED 2
#define SL_TAKEN_CUT 3       /* an open connection: nothing more is sent on it */

#define SL_BY_NONE 0
#define SL_BY_LSM 1
#define SL_BY_FMOD_RET 2
#define SL_BY_SYS_EXIT 3
#define SL_BY_CGROUP 4
#define SL_BY_EXEC 5         /* a new program's start */
#define _SL_BY_MAX 6

/* enum-like bits of sl_rec_file.access */
#define SL_ACCESS_READ 0x1
#define SL_ACCESS_WRITE 0x2
#define SL_ACCESS_EXEC 0x4
#define SL_ACCESS_PATH 0x8   /* O_PATH: no access to the contents */

#define SL_CAME_OPENED 0
#define SL_CAME_RECEIVED 1   /* a descriptor of another process: sent by it, or taken by pidfd_getfd */
#define SL_CAME_EXECUTED 3   /* it interprets the file, which the kernel opened to execute and hands over (binfmt_misc) */
#define SL_CAME_HELD 2       /* it had the descriptor when it became a tool, or when the agent started */

struct sl_rec_file {
	struct sl_hdr hdr;
	struct sl_who who;
	__u64 ino;
	__u32 dev;                /* kernel's dev_t: major << 20 | minor */
	__u32 open_flags;         /* f_flags */
	__u16 set;                /* match set of the path automaton */
	__u16 rule;               /* rule that decided, SL_RULE_NONE: none */
	__u8 action;              /* SL_ACTION_* */
	__u8 taken;               /* SL_TAKEN_* */
	__u8 by;                  /* SL_BY_*: the hook that saw it */
	__u8 reader;              /* SL_READER_* */
	__u8 access;              /* SL_ACCESS_* */
	__u8 by_inode;            /* 1: a name that the file had tells the set, not path */
	__u8 came;                /* SL_CAME_*: how the process got at it */
	__u8 excepted;            /* 1: would have been refused, but for an exception in force */
	__u16 path_flags;
	__u16 path_len;
};

/* How a process was inspected. */
#define SL_HOW_PROC_ENVIRON 1  /* /proc/PID/environ opened */
#define SL_HOW_PROC_MEM 2      /* /proc/PID/mem opened */
#define SL_HOW_READV 3         /* process_vm_readv */
#define SL_HOW_WRITEV 4        /* process_vm_writev */
#define SL_HOW_PTRACE 5        /* ptrace: attach or seize */
#define SL_HOW_GETFD 6         /* pidfd_getfd */
#define SL_HOW_OTHER 7         /* another call that wants the right to trace: /proc/PID/stack, syscall, personality */

struct sl_rec_inspect {
	struct sl_hdr hdr;
	struct sl_who who;
	__u64 target_start_ns;
	__u64 target_session_ns;  /* its session, 0 none */
	__u32 target_session_pid;
	__u32 target_tgid;
	__u32 target_uid;
	__u16 target_tool;
	__u16 rule;               /* rule that decided */
	__u8 object;              /* SL_PEER_MEMORY .. SL_PEER_DESCRIPTORS */
	__u8 how;                 /* SL_HOW_* */
	__u8 action;              /* SL_ACTION_* */
	__u8 taken;               /* SL_TAKEN_* */
	__u8 by;                  /* SL_BY_* */
	__u8 reserved[7];
	__u8 target_comm[SL_COMM_LEN];
	__u16 exe_flags;          /* of the target's executable */
	__u16 exe_len;
};

#define SL_BROKER_STREAM 1    /* connected: also SOCK_SEQPACKET */
#define SL_BROKER_DGRAM 2     /* a datagram, or connected for them */
#define SL_BROKER_SPOOL 3     /* a file that a daemon takes its work from was opened for writing */

struct sl_rec_broker {
	struct sl_hdr hdr;
	struct sl_who who;
	__u64 ino;                /* of the file, 0: an abstract name */
	__u32 peer_tgid;          /* process that listens there, 0 not known, or a file */
	__u16 set;                /* match set of the automaton of sockets */
	__u16 rule;
	__u8 type;                /* SL_BROKER_* */
	__u8 action;
	__u8 taken;
	__u8 by;
	__u8 abstract;            /* 1: the path is an abstract name, without its NUL */
	__u8 reserved[7];
	__u16 path_flags;
	__u16 path_len;
};

#define SL_NET_CONNECT 1
#define SL_NET_SENDMSG 2      /* unconnected datagram */
#define SL_NET_UDP_SEND 3     /* first datagram on a connected UDP socket */
#define SL_NET_SEND_ON 4      /* an open connection sends on, after its session has read something */
#define SL_NET_SOCKET_MADE 5  /* a socket that sends without connecting: SL_SOCKET_* in port, no address and family */

struct sl_rec_net {
	struct sl_hdr hdr;
	struct sl_who who;
	__u64 cookie;             /* socket cookie */
	__u8 addr[16];            /* network order; IPv4 in the first four; v4-mapped IPv6 is given as IPv4 */
	__u16 port;               /* host order */
	__u8 family;              /* 4 or 6; 0: SL_NET_SOCKET_MADE */
	__u8 proto;               /* IPPROTO_* */
	__u8 op;                  /* SL_NET_* */
	__u8 taken;               /* SL_TAKEN_* */
	__u8 by;                  /* SL_BY_* */
	__u8 netns;               /* network namespace of the socket: sl_netns_tag(), 0 not known */
};

/* Recordings made before the kernel judged connections have SL_REC_NET, which the reader of the record judges. */
struct sl_rec_verdict {
	struct sl_rec_net net;    /* its header has this kind and size */
	__u16 rule;               /* rule that decided, SL_RULE_NONE: none */
	__u16 set;                /* match set of the name that told, 0: none did */
	__u8 action;              /* SL_ACTION_* */
	__u8 names;               /* names that came into question, 0: none known */
	__u8 decided;             /* 1; 0: these fields say nothing, judge as SL_REC_NET */
	__u8 state;               /* which of the policy's `after:` conditions held */
};

/* What a record has of a network namespace: enough to tell two of them apart most times, where a wrong guess is only shown. */
static inline __attribute__((always_inline)) __u8 sl_netns_tag(__u32 netns)
{
	return netns ? (__u8)(1 + netns % 255) : 0;
}

/* A question of a session, or an answer to one that this socket asked, and only the first one. */
struct sl_rec_dns {
	struct sl_hdr hdr;
	__u64 cookie;             /* socket that sends or receives it */
	__u64 session_ns;         /* session that owns the socket, 0 unknown or none */
	__u32 session_pid;
	__u32 tgid;               /* process that owns the socket, 0 unknown */
	__u16 payload_len;        /* DNS message bytes that follow */
	__u16 flags;              /* SL_STR_TRUNCATED */
	__u32 netns;              /* low half of the cookie of its network namespace, 0 not known */
};

/* Named losses. Append only; names are in src/event/event.c. Index of the kernel's counter array. */
enum sl_loss {
	SL_LOSS_RING = 0,         /* ordinary ring full: a record was dropped */
	SL_LOSS_RING_URGENT,      /* urgent ring full: an alert's record was dropped */
	SL_LOSS_LABEL,            /* no room for a label: a process of a session runs unlabelled */
	SL_LOSS_SCRATCH,          /* no scratch buffer on this CPU: a record was dropped */
	SL_LOSS_PATH,             /* a path could not be walked to its root, or has a combination of classes for which there is no room */
	SL_LOSS_ARGV,             /* argv could not be read at exec: recognition by script was not possible */
	SL_LOSS_DNS_LONG,         /* DNS answer longer than SL_DNS_MAX, or in pieces over TCP: not parsed */
	SL_LOSS_SOCK,             /* no room to remember where a socket sent: it is told again */
	SL_LOSS_FD,               /* sys_exit tier: the descriptor was gone before it could be read */
	SL_LOSS_REFUSAL,          /* a kill was decided and the signal could not be sent */
	SL_LOSS_SKIPPED,          /* a program did not run: a preempted run of it was under way on that CPU */
	SL_LOSS_ALIAS,            /* no room to remember a secret that got another name */
	SL_LOSS_NET_NAME,         /* an address has more names than there is room for: one still valid was forgotten */
	SL_LOSS_MEMORY,           /* no room to remember what a session has read */
	SL_LOSS_FLOW,             /* no room to follow a flow: neither its bytes nor its server's name are known */
	SL_LOSS_NESTED,           /* a tool inside more tools than there is room for: it counts as a program of the session around it */
	_SL_LOSS_KERNEL_MAX,
	SL_LOSS_DECODE = 32,      /* from here: counted in user space. A record that does not decode */
	SL_LOSS_PROC_EVICTED,     /* process table full: the oldest entry was dropped */
	SL_LOSS_NAME_EVICTED,     /* name table full */
	SL_LOSS_SESSION_EVICTED,  /* session table full */
	SL_LOSS_DNS_PARSE,        /* malformed DNS message */
	SL_LOSS_OUTPUT,           /* an output did not take an event */
	SL_LOSS_PROCFS,           /* a process vanished while /proc was read */
	SL_LOSS_DEDUPE,           /* repeat table full: repeats are shown one by one */
	SL_LOSS_UNREAD,           /* records of an earlier program set under another policy */
	SL_LOSS_SCAN,             /* folders that were not looked into for secrets with several links */
	SL_LOSS_LEFT_OUT,         /* a stranger's object that could not be looked at in time: arguments, open files, a user's name */
	SL_LOSS_CUT,              /* a connection that was cut in the kernel and not reset: its process has too much open, or blocks it */
	_SL_LOSS_MAX,
};

struct sl_rec_loss {
	struct sl_hdr hdr;
	__u32 reason;             /* enum sl_loss */
	__u32 reserved;
	__u64 count;              /* since the last such record */
};

struct sl_rec_clock {
	struct sl_hdr hdr;
	__u64 wall_ns;            /* CLOCK_REALTIME at hdr.time_ns, since 1970 */
};

struct sl_rec_user {
	struct sl_hdr hdr;
	__u32 uid;
	__u16 name_len;
	__u16 reserved;
};

/* What happened to the agent itself. */
#define SL_AGENT_START 1
#define SL_AGENT_POLICY 2   /* a policy came into force */
#define SL_AGENT_STOP 3
#define SL_AGENT_MODE 4     /* what is blocked is refused from now on, or no more */
#define SL_AGENT_POLICY_BAD 5  /* a policy could not come into force; the one before stays */
#define SL_AGENT_EXCEPTION 6   /* one was made, or is over */
#define SL_AGENT_HOOKS 7       /* hooks that the kernel stopped calling, or calls again */

struct sl_rec_agent {
	struct sl_hdr hdr;
	__u16 what;               /* SL_AGENT_* */
	__u16 text_len;
	__u32 reserved;
};

/* What was refused to protect the agent. Append only; names are in src/event/event.c. */
#define SL_GUARD_SIGNAL 1   /* detail: the signal */
#define SL_GUARD_TRACE 2    /* ptrace, another's memory, descriptors of it */
#define SL_GUARD_LIMIT 3    /* resource limits (detail: which, + 1), scheduling (detail: 0) */
#define SL_GUARD_PROC 4     /* a file below /proc of the agent */
#define SL_GUARD_CGROUP 5   /* a file of a cgroup that holds it, or the members of any cgroup as root */
#define SL_GUARD_BPF 6      /* detail: the command of bpf(2) */
#define SL_GUARD_MOUNT 7    /* on one of its folders, or the removal of such a mount */
#define SL_GUARD_FILE 8     /* write, change, removal, renaming of one of its files; a new one beside them */
#define _SL_GUARD_MAX 9

struct sl_rec_guard {
	struct sl_hdr hdr;
	struct sl_who who;
	__u32 detail;
	__u16 what;               /* SL_GUARD_* */
	__u8 taken;               /* SL_TAKEN_* */
	__u8 by;                  /* SL_BY_* */
	__u16 path_flags;         /* of the file at hand: its last components */
	__u16 path_len;           /* 0: no file */
	__u32 reserved;
};

/* Told at the first byte, at SL_SENT_FIRST bytes and at each doubling of it, and when another read or the flow's end closes it. */
#define SL_SENT_FIRST 512

struct sl_rec_sent {
	struct sl_hdr hdr;
	struct sl_who who;        /* who opened the flow */
	__u64 cookie;
	__u64 read_ns;            /* the session's latest read that alerted, when this was sent */
	__u64 first_ns;           /* of the first byte after it */
	__u64 bytes;              /* since it */
	__u8 addr[16];            /* as in struct sl_rec_net */
	__u16 port;
	__u8 family;
	__u8 proto;
	__u8 cut;                 /* 1: it was refused to send on */
	__u8 netns;               /* as in struct sl_rec_net */
	__u8 reserved[2];
};

/* The verdict on a server name is that on a connection to its address, had the name been known to be the address's. */
struct sl_rec_hello {
	struct sl_hdr hdr;
	struct sl_who who;        /* who opened the flow */
	__u64 cookie;
	__u8 addr[16];            /* as in struct sl_rec_net */
	__u16 port;
	__u8 family;
	__u8 proto;
	__u16 rule;
	__u16 set;                /* match set of the name */
	__u8 action;
	__u8 taken;
	__u8 decided;             /* 1; 0: no rule is about connections, or the flow is QUIC: rule, set and action say nothing */
	__u8 again;               /* 1: the same rule that judged the connect */
	__u16 hello_flags;        /* SL_HELLO_* of hello.h */
	__u16 name_len;           /* bytes as they were sent */
	__u16 asked_port;         /* SL_HELLO_PROXY: the port that the proxy was asked for, 0 not told */
	__u8 netns;               /* as in struct sl_rec_net */
	__u8 reserved8;
	__u32 reserved;
};

#define SL_FLOW_ADOPTED 0x1   /* was there before it was followed: what it sent until then is not counted */
#define SL_FLOW_CUT 0x2
#define SL_FLOW_CLOSED 0x4    /* its last descriptor was closed */
#define SL_FLOW_IDLE 0x8      /* UDP: nothing for a while; the socket may still be there */
#define SL_FLOW_LEFT 0x10     /* still open as sluice ended */
#define SL_FLOW_ACCEPTED 0x20 /* a session's process listened, and the other side connected */
#define SL_FLOW_WITHIN 0x40   /* ACCEPTED: from a process of the same session, or one within or around it */
#define SL_FLOW_FLAGS 0x7f

struct sl_rec_flow {
	struct sl_hdr hdr;        /* time: when the end was seen */
	struct sl_who who;        /* who opened it, as it was then */
	__u64 cookie;
	__u8 addr[16];
	__u16 port;
	__u8 family;
	__u8 proto;
	__u32 flags;              /* SL_FLOW_* */
	__u64 first_ns, last_ns;
	__u64 sent_bytes, received_bytes;
	__u64 sent_segs, received_segs;
	__u16 asked_port;         /* as in struct sl_rec_hello */
	__u8 netns;               /* as in struct sl_rec_net */
	__u8 reserved;
	__u16 hello_flags;
	__u16 name_len;           /* of the server, as it was sent */
};

#ifndef __bpf__
#pragma GCC diagnostic pop
_Static_assert(sizeof(struct sl_rec_sent) == 128, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_hello) == 120, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_flow) == 160, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_guard) == 88, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_hdr) == 16, "record header is part of the recording format");
_Static_assert(sizeof(struct sl_who) == 56, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_exec) == 112, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_fork) == 72, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_exit) == 80, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_file) == 104, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_net) == 104, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_verdict) == 112, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_inspect) == 136, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_broker) == 104, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_dns) == 48, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_loss) == 32, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_clock) == 24, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_user) == 24, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_agent) == 24, "record layout is part of the recording format");
#endif

#endif /* SL_RECORD_H */
