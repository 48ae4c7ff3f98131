/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What every program needs: the label of the caller, counted losses, scratch, and the one way into a ring. */
#ifndef SL_COMMON_H
#define SL_COMMON_H

#include <linux/bpf.h>

#include <asm-generic/errno.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel.h"
#include "maps.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/*
 * A function that the kernel verifies on its own: its arguments and its result are any numbers to the verifier. Weak, so that a
 * compiler draws no conclusions from its body either: clang 17 and newer leave out a caller's check of a result whose range
 * they know, and the verifier then misses it. Every function that is neither static nor a program is declared so
 * (tools/check-bpf).
 */
#define GLOBAL __attribute__((weak, noinline))

/* Keeps the compiler from proving away a check that only the verifier needs. */
#define opaque(x) asm volatile("" : "+r"(x))

/* The low half of an address, as a number: the verifier allows no arithmetic on pointers whose type it knows. */
ALWAYS_INLINE __u32 low_half(const void *p)
{
	__u32 low;

	asm volatile("%0 = %1" : "=w"(low) : "w"((__u32)(unsigned long)p));
	return low;
}

/* From one object to another, as a number: what the verifier allows of all that could be done with two pointers whose types it knows.
 * With the one address as a number (which costs a call), the other is one too, and global functions can have it. */
ALWAYS_INLINE __u64 distance(const void *to, const void *from)
{
	__u64 d = (__u64)to;

	asm volatile("%0 -= %1" : "+r"(d) : "r"(from));
	return d;
}

/* An argument of the hook as a plain number: the verifier knows its type, and lets no global function have such a pointer. */
ALWAYS_INLINE __u64 argument(const void *ctx, int n)
{
	__u64 v = 0;

	bpf_probe_read_kernel(&v, sizeof(v), (const __u64 *)ctx + n);
	return v;
}

/* The same number, of whose range the verifier knows nothing any more. A loop that carries a growing number with a known
 * range never looks to it as if it came back to the same state. */
ALWAYS_INLINE __u64 forget(__u64 x)
{
	return x + nought;
}

ALWAYS_INLINE int is_self(__u32 tgid)
{
	return tgid == *(volatile __u32 *)&self_tgid;
}

/* Does this program set have a say about a process? */
ALWAYS_INLINE int decides(int labelled)
{
	__u32 now = *(volatile __u32 *)&live;

	return now == SL_LIVE || (now == SL_LIVE_LABELLED && labelled);
}

/* Is a `block` refused here and now? */
ALWAYS_INLINE int enforcing(void)
{
	__u32 zero = 0;
	struct sl_control *c = bpf_map_lookup_elem(&control, &zero);
	__u64 until;

	if (!c || !*(volatile __u32 *)&c->enforce)
		return 0;
	until = *(volatile __u64 *)&c->monitor_until_ns;
	return !until || bpf_ktime_get_boot_ns() >= until;
}

/* Class of the caller's uid; 0: no rule names it. */
ALWAYS_INLINE __u32 user_class(void)
{
	__u32 uid, *cls;

	if (knobs.users <= 1)
		return 0;
	uid = (__u32)bpf_get_current_uid_gid();
	cls = bpf_map_lookup_elem(&users, &uid);
	return cls ? *cls : 0;
}

ALWAYS_INLINE void count_loss(__u32 reason)
{
	__u64 *n = bpf_map_lookup_elem(&losses, &reason);

	if (n)
		__sync_fetch_and_add(n, 1);
}

/* The third tier's refusal. The signal is there before the call returns to user mode. */
ALWAYS_INLINE void kill_caller(void)
{
	if (bpf_send_signal(SIGKILL))
		count_loss(SL_LOSS_REFUSAL);
}

#define WALK_PATH 0    /* feed path_dfa */
#define WALK_EXEC 1    /* feed exec_dfa */
#define WALK_SOCK 2    /* feed sock_dfa */
#define WALK_COPY 3    /* copy components, leaf first, each ended by '/' */
#define WALK_MOVED 4   /* feed path_dfa, and go on where a directory was before it was renamed */
#define WALK_LINKS 5   /* the same with one name of a file after the other */
#define WALK_SYMBOLS 6 /* note the symbols that path_dfa's names end in */

ALWAYS_INLINE const struct sl_dfa *automaton(int kind)
{
	/* A key on the stack would take stack of every chain of calls. */
	const void *zero = (const void *)&knobs.zero;

	if (kind == WALK_EXEC)
		return bpf_map_lookup_elem(&exec_dfa, zero);
	return kind == WALK_SOCK ? bpf_map_lookup_elem(&sock_dfa, zero) : bpf_map_lookup_elem(&path_dfa, zero);
}

extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

/* First and last thing that a program with a twin does: it is not preempted, so that hardly any run of it is skipped. */
ALWAYS_INLINE void enter(void)
{
	if (knobs.preempt_off)
		bpf_preempt_disable();
}

ALWAYS_INLINE void leave(void)
{
	if (knobs.preempt_off)
		bpf_preempt_enable();
}

/*
 * The kernel does not run a tracing program on a CPU where a preempted run of the same program is under way: it skips it.
 * Where tasks can be preempted in the kernel, such programs are attached twice. The one that runs first sees to the call
 * and leaves a mark; the other only sees to calls without one. `call` tells one call from all others under way. (A mark
 * whose second run was skipped stays; it hides a later call of that name if the first run of that is skipped.) What both
 * skip is what was reached or skipped, less what was seen to: SL_LOSS_SKIPPED.
 */
ALWAYS_INLINE int first_run(enum sl_twin hook, __u32 second, __u64 call)
{
	__u32 slot, zero = 0;
	struct sl_twins *count;
	__u64 *mark;

	if (!knobs.spares)
		return 1;
	call ^= (__u64)hook << 60;
	slot = (call ^ call >> 32) * 0x9e3779b1u >> 22 & (SL_HANDLED_MAX - 1);
	count = bpf_map_lookup_elem(&twins, &zero);
	mark = bpf_map_lookup_elem(&handled, &slot);
	if (!mark || !count)
		return 1;
	__sync_fetch_and_add(&count->reached[hook][second], 1);
	if (second == *(volatile __u32 *)&runs_first[hook]) {
		*(volatile __u64 *)mark = call;
	} else if (*(volatile __u64 *)mark == call) {
		*(volatile __u64 *)mark = 0;
		return 0;
	}
	__sync_fetch_and_add(&count->seen_to[hook], 1);
	return 1;
}

/* Is there a label? A few instructions, where label_find() is a hash look-up. */
ALWAYS_INLINE int has_label(__u32 tgid)
{
	__u32 word = tgid / 64;
	__u64 *bits = bpf_map_lookup_elem(&label_bits, &word);

	return bits && *bits >> (tgid % 64) & 1;
}

/* A new entry of a map is tried so often: one of the allocators behind it can be busy on another CPU for a moment. */
#define UPDATE_TRIES 8

/* label.bpf.c */
__u32 label_spare(__u32 tgid, __u32 claim);
int label_set(__u32 tgid, const struct sl_label *label); /* label NULL: outside every session, and its image was sent */
int label_drop(__u32 tgid);

ALWAYS_INLINE struct sl_label *label_find(__u32 tgid)
{
	struct sl_label *label;

	if (!has_label(tgid))
		return NULL;
	label = bpf_map_lookup_elem(&labels, &tgid);
	if (!label) {
		tgid = label_spare(tgid, 0);
		label = bpf_map_lookup_elem(&labels, &tgid);
	}
	return label;
}

/* A free scratch buffer of this CPU, or NULL (counted). Give it back with scratch_put(). */
ALWAYS_INLINE struct scratch *scratch_get(void)
{
	for (__u32 i = 0; i < SL_SCRATCH_SLOTS; i++) {
		__u32 slot = i;
		struct scratch *s = bpf_map_lookup_elem(&scratches, &slot);

		if (s && __sync_val_compare_and_swap(&s->busy, 0, 1) == 0)
			return s;
	}
	count_loss(SL_LOSS_SCRATCH);
	return NULL;
}

ALWAYS_INLINE void scratch_put(struct scratch *s)
{
	*(volatile __u64 *)&s->busy = 0;
}

/* Writes who the current task is. Plain loads: the verifier knows the types. The helpers for uid and comm cost ten times as much. */
ALWAYS_INLINE void fill_who(struct sl_who *who, const struct sl_label *label)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	const __u64 *comm = (const void *)task + bpf_core_field_offset(struct task_struct, comm);
	__u64 ids;

	__builtin_memcpy(who->comm, comm, sizeof(who->comm)); /* two words */
	who->ppid = task->real_parent->tgid;
	who->uid = task->cred->uid.val;
	who->start_ns = task->group_leader->start_boottime;
	ids = bpf_get_current_pid_tgid();
	who->tgid = ids >> 32;
	who->tid = (__u32)ids;
	who->session_ns = label ? label->session_ns : 0;
	who->session_pid = label ? label->session_pid : 0;
	who->tool = label ? label->tool : 0;
	who->exe_set = label ? label->exe_set : 0;
}

ALWAYS_INLINE void fill_hdr(struct sl_hdr *hdr, __u16 kind)
{
	hdr->kind = kind;
	hdr->version = SL_RECORD_VERSION;
	hdr->time_ns = bpf_ktime_get_boot_ns();
}

/* Sends `size` bytes; hdr->size is set here. The bound is checked right before the call: older verifiers forget what they
 * knew of a number that was kept on the stack. Ordinary records wake the agent only when much is waiting. */
ALWAYS_INLINE void send_ordinary(struct sl_hdr *hdr, __u64 size)
{
	__u64 flags = BPF_RB_NO_WAKEUP;

	hdr->size = size;
	if (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > knobs.ring_wake)
		flags = BPF_RB_FORCE_WAKEUP;
	opaque(size);
	if (size > SL_RECORD_MAX || bpf_ringbuf_output(&ring, hdr, size, flags))
		count_loss(SL_LOSS_RING);
}

ALWAYS_INLINE void send_urgent(struct sl_hdr *hdr, __u64 size)
{
	__u64 flags = BPF_RB_NO_WAKEUP;

	hdr->size = size;
	if (hdr->time_ns - last_wake_ns > SL_WAKE_NS) {
		last_wake_ns = hdr->time_ns;
		flags = BPF_RB_FORCE_WAKEUP;
	}
	opaque(size);
	if (size > SL_RECORD_MAX || bpf_ringbuf_output(&urgent, hdr, size, flags))
		count_loss(SL_LOSS_RING_URGENT);
}

#endif /* SL_COMMON_H */
