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
	SL_REC_DNS = 6,    /* struct sl_rec_dns: a DNS answer, raw */
	SL_REC_LOSS = 7,   /* struct sl_rec_loss: counted losses (made by the agent from the counters) */
	SL_REC_CLOCK = 8,  /* struct sl_rec_clock (agent) */
	SL_REC_USER = 9,   /* struct sl_rec_user: uid -> name (agent) */
	SL_REC_AGENT = 10, /* struct sl_rec_agent: the agent's own events (agent) */
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
#define SL_STR_UNRESOLVED 0x4 /* the walk ended before the root (detached mount, too deep) */
#define SL_STR_MISSING 0x8    /* could not be read at all */

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

#define SL_EXEC_ORIGIN_EXEC 1      /* a real exec */
#define SL_EXEC_ORIGIN_PROCFS 2    /* the agent read /proc */
#define SL_EXEC_ORIGIN_STRANGER 3  /* a process outside every session did something of interest */

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
	__u16 cgroup_len;         /* leaf name of the cgroup v2 (or systemd v1) */
	__u16 tty_len;            /* driver name as the kernel has it, "pts3" */
	__u16 reserved[3];
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

#define SL_BY_NONE 0
#define SL_BY_LSM 1
#define SL_BY_FMOD_RET 2
#define SL_BY_SYS_EXIT 3
#define SL_BY_CGROUP 4

/* enum-like bits of sl_rec_file.access */
#define SL_ACCESS_READ 0x1
#define SL_ACCESS_WRITE 0x2
#define SL_ACCESS_EXEC 0x4
#define SL_ACCESS_PATH 0x8   /* O_PATH: no access to the contents */

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
	__u8 reserved[2];
	__u16 path_flags;
	__u16 path_len;
};

#define SL_NET_CONNECT 1
#define SL_NET_SENDMSG 2      /* unconnected datagram */
#define SL_NET_UDP_SEND 3     /* first datagram on a connected UDP socket */

struct sl_rec_net {
	struct sl_hdr hdr;
	struct sl_who who;
	__u64 cookie;             /* socket cookie */
	__u8 addr[16];            /* network order; IPv4 in the first four; v4-mapped IPv6 is given as IPv4 */
	__u16 port;               /* host order */
	__u8 family;              /* 4 or 6 */
	__u8 proto;               /* IPPROTO_* */
	__u8 op;                  /* SL_NET_* */
	__u8 taken;               /* SL_TAKEN_* */
	__u8 by;                  /* SL_BY_* */
	__u8 reserved;
};

struct sl_rec_dns {
	struct sl_hdr hdr;
	__u64 cookie;             /* socket that receives it */
	__u64 session_ns;         /* session that owns the socket, 0 unknown or none */
	__u32 session_pid;
	__u32 tgid;               /* process that owns the socket, 0 unknown */
	__u16 payload_len;        /* DNS message bytes that follow */
	__u16 flags;              /* SL_STR_TRUNCATED */
	__u32 reserved;
};

/* Named losses. Append only; names are in src/event/event.c. Index of the kernel's counter array. */
enum sl_loss {
	SL_LOSS_RING = 0,         /* ordinary ring full: a record was dropped */
	SL_LOSS_RING_URGENT,      /* urgent ring full: an alert's record was dropped */
	SL_LOSS_LABEL,            /* no room for a label: a process of a session runs unlabelled */
	SL_LOSS_SCRATCH,          /* no scratch buffer on this CPU: a record was dropped */
	SL_LOSS_PATH,             /* a path could not be walked to its root */
	SL_LOSS_ARGV,             /* argv could not be read at exec: recognition by script was not possible */
	SL_LOSS_DNS_LONG,         /* DNS datagram longer than SL_DNS_MAX, or DNS over TCP: not parsed */
	SL_LOSS_SOCK,             /* no room to remember a socket: a first UDP send or a DNS requester is lost */
	SL_LOSS_FD,               /* sys_exit tier: the descriptor was gone before it could be read */
	SL_LOSS_REFUSAL,          /* a kill was decided and the signal could not be sent */
	SL_LOSS_SKIPPED,          /* a program did not run: a preempted run of it was under way on that CPU */
	SL_LOSS_ALIAS,            /* no room to remember a secret that got another name */
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

struct sl_rec_agent {
	struct sl_hdr hdr;
	__u16 what;               /* SL_AGENT_* */
	__u16 text_len;
	__u32 reserved;
};

#ifndef __bpf__
#pragma GCC diagnostic pop
_Static_assert(sizeof(struct sl_hdr) == 16, "record header is part of the recording format");
_Static_assert(sizeof(struct sl_who) == 56, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_exec) == 112, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_fork) == 72, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_exit) == 80, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_file) == 104, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_net) == 104, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_dns) == 48, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_loss) == 32, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_clock) == 24, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_user) == 24, "record layout is part of the recording format");
_Static_assert(sizeof(struct sl_rec_agent) == 24, "record layout is part of the recording format");
#endif

#endif /* SL_RECORD_H */
