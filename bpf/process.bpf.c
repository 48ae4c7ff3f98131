/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the label of every process. exec recognises tools (resolved executable path, script of an interpreter), fork
 * copies, the last thread's exit removes. Also tells the agent about labelled processes, and once about a process
 * outside every session that did something of interest (stranger.h).
 *
 * The key is the tgid, so an exec by another thread than the leader, setsid, double fork, reparenting and namespaces
 * change nothing. Each program is there twice, see first_run(). Known limit: a process that was handed work over a
 * socket is no descendant and gets no label but where units.bpf.c knows it again.
 */
#include "alias.h"
#include "image.h"
#include "made.h"
#include "units.h"

/* Reads argument `arg` (user address), at most SL_ARG_LEN bytes, and feeds it, last byte first, with a '/' in front
 * unless it begins with one. *next: address behind it, 0 when it is longer than we look at. */
struct arg_scan {
	struct scratch *scratch; /* .data: the argument, SL_ARG_LEN bytes; .work: see WORK_* */
	__u64 addr, end;  /* user memory left */
	__u64 index;      /* argument number of the next one; words of eight bytes as in struct walk */
	__u64 skip;       /* it is the value of an option */
	__u64 inside;     /* in the middle of an overlong argument */
	__u64 set0;       /* match set of argv[0]'s last component */
	__u64 script;     /* match set of the script, 0 none */
	__u64 hash;       /* of the script as it is written */
	__u64 name;       /* hash of its last component, its length above */
	__u64 interpreter; /* 0, or its SL_EXEC_INLINE groups and SL_EXEC_INTERPRETER */
	__u64 found;      /* there is a script */
	__u64 words;      /* what readers ask for is looked for, from here on */
	__u64 may;        /* SL_MAY_* */
};

#define WORK_HASH 0
#define WORK_SEEN 1   /* struct sl_words: words that were there */
#define WORK_STATE 7  /* SL_MAY_*, WORDS_CUT */
#define WORDS_CUT 0x100
#define WORK_ASSUME 8 /* struct sl_words: and those that may be behind what was looked at */
#define WORDS (SL_WORDS_MAX / 64)
#define WORK_NAME 14  /* of the script, see made.h; its length in the high half */

#define ARGS_INLINE 0x80000000u /* above the numbers of match sets */

/* One byte a round: exec is rare, and a loop of this body within the loop over arguments is more than the verifier
 * follows. */
struct arg_feed {
	const __u8 *buf;
	__u64 left;       /* bytes not fed yet */
	__u64 state;
	__u64 base_only;  /* up to the last '/' */
	__u64 absolute;   /* a '/' was fed last */
	__u64 hash;
	__u64 name;       /* of the last component, and its length in the high half */
	__u64 name_done;
};

static long arg_byte_cb(__u32 i, void *ctx)
{
	const struct sl_dfa *dfa = automaton(WALK_EXEC);
	struct arg_feed *f = ctx;
	__u32 pos = f->left - 1;
	__u8 byte;

	if (!dfa || !f->buf || pos >= SL_ARG_LEN)
		return 1;
	byte = f->buf[pos];
	if (f->base_only && byte == '/')
		return 1;
	if (!f->base_only && byte == '/' && !i && pos) { /* "dir/" is "dir" */
		f->left = forget(pos);
		return 0;
	}
	f->absolute = byte == '/';
	f->name_done |= byte == '/';
	if (!f->name_done)
		f->name = forget(((f->name & ~0xffffffffull) + (1ull << 32)) | MADE_HASH((__u32)f->name, byte));
	f->hash = forget((f->hash ^ byte) * 0x100000001b3ull);
	f->state = forget(sl_dfa_step(dfa, knobs.exec.shift, knobs.exec.limit, f->state, byte));
	f->left = forget(pos);
	return 0;
}

/* Match set of an argument, as if a '/' stood in front where none does. */
ALWAYS_INLINE __u32 feed_arg(const __u8 *buf, __u32 len, __u32 base_only, __u64 *ret_hash)
{
	const struct sl_dfa *dfa = automaton(WALK_EXEC);
	struct arg_feed f = {
		.buf = buf,
		.left = forget(len),
		.state = forget(knobs.exec.start),
		.base_only = forget(base_only),
		.absolute = forget(0),
		.hash = forget(knobs.seed),
		.name = forget(0),
	};

	if (!dfa)
		return 0;
	bpf_loop(SL_ARG_LEN, arg_byte_cb, &f, 0);
	ret_hash[0] = f.hash;
	ret_hash[1] = f.name;
	if (!f.absolute)
		f.state = sl_dfa_step(dfa, knobs.exec.shift, knobs.exec.limit, f.state, '/');
	return sl_dfa_accept(dfa, knobs.exec.shift, knobs.exec.limit, f.state);
}

/* Which words that readers ask for an argument is. */
GLOBAL int words_note(struct scratch *s, __u32 set, __u32 may, __u32 is_option)
{
	struct sl_exec_set *x = bpf_map_lookup_elem(&exec_sets, &set);

	if (!s || !x)
		return 0;
	for (__u32 place = 0; place < SL_WORD_PLACES; place++) {
		__u32 at = place;
		struct sl_argv_alt *alt;

		if (place != SL_PLACE_ANY && (is_option || !(may >> place & 1)))
			continue;
		alt = bpf_map_lookup_elem(&argv_alts, &at);
		for (int i = 0; alt && i < WORDS; i++)
			s->work[WORK_SEEN + i] |= x->words.w[i] & alt->need.w[i];
	}
	return 0;
}

struct alt_scan {
	struct scratch *scratch;
	__u64 first, readers, unless, cut;
};

static long alt_cb(__u32 i, void *ctx)
{
	struct alt_scan *a = ctx;
	__u32 at = a->first + i;
	struct sl_argv_alt *alt = bpf_map_lookup_elem(&argv_alts, &at);
	__u64 missing = 0, bit;

	if (!alt || !a->scratch)
		return 1;
	if (a->cut && alt->flags & SL_ALT_ASSUME) {
		for (int j = 0; j < WORDS; j++)
			missing |= alt->need.w[j] & ~a->scratch->work[WORK_ASSUME + j];
	} else {
		for (int j = 0; j < WORDS; j++)
			missing |= alt->need.w[j] & ~a->scratch->work[WORK_SEEN + j];
	}
	if (missing)
		return 0;
	bit = 1ull << (alt->reader & 7);
	if (alt->flags & SL_ALT_UNLESS)
		a->unless = forget(a->unless | bit);
	else
		a->readers = forget(a->readers | bit);
	return 0;
}

/* What a program is by the words that were seen. set: match set of its executable or, as_script, of its script. */
GLOBAL __u32 words_outcome(struct scratch *s, __u32 set, __u32 as_script)
{
	struct sl_exec_set *x = bpf_map_lookup_elem(&exec_sets, &set);
	const struct sl_argv_ask *ask;
	struct alt_scan a = {};
	__u16 *outcome;
	__u32 at;

	if (!s || !x)
		return 0;
	ask = as_script ? &x->as_script : &x->as_exe;
	if (!ask->cnt)
		return ask->plain;
	a.scratch = s;
	a.first = forget(ask->alts);
	a.readers = forget(0);
	a.unless = forget(0);
	a.cut = s->work[WORK_STATE] & WORDS_CUT;
	for (int i = 0; i < WORDS; i++)
		s->work[WORK_ASSUME + i] = s->work[WORK_SEEN + i];
	for (__u32 place = 0; a.cut && place < SL_WORD_PLACES; place++) {
		__u32 number = place;
		struct sl_argv_alt *alt = bpf_map_lookup_elem(&argv_alts, &number);

		if (place != SL_PLACE_ANY && !(s->work[WORK_STATE] >> place & 1))
			continue;
		for (int i = 0; alt && i < WORDS; i++)
			s->work[WORK_ASSUME + i] |= alt->need.w[i];
	}
	bpf_loop(ask->cnt, alt_cb, &a, 0);
	at = ask->outcomes + (a.readers & ~a.unless & 0xff);
	outcome = bpf_map_lookup_elem(&argv_outcomes, &at);
	return outcome ? *outcome : ask->plain;
}

static long arg_cb(__u32 i, void *ctx)
{
	struct arg_scan *s = ctx;
	struct sl_exec_set *info;
	struct scratch *scratch = s->scratch;
	__u32 set, was_inside = s->inside;
	__u64 hash[2] = {};
	__u8 *buf;
	long n;

	/* The verifier of 6.1 takes it for possibly NULL at each look: looked at once, and no number beside it. */
	if (!scratch || s->addr >= s->end)
		return 1;
	buf = scratch->data;
	n = bpf_probe_read_user_str(buf, SL_ARG_LEN, (void *)s->addr);
	if (n <= 0)
		return 1;
	s->inside = forget(n == SL_ARG_LEN);
	/* A full buffer has no room for the NUL that ends the argument: what follows is more of it. */
	s->addr = forget(s->addr + (s->inside ? n - 1 : n));
	if (was_inside)
		return 0;
	s->index = forget(s->index + 1);
	set = feed_arg(buf, n - 1, s->index == 1, hash);
	if (s->index == 1) {
		s->set0 = set;
		return s->interpreter || s->words ? 0 : 1;
	}
	if (s->words) {
		__u32 is_option = buf[0] == '-';

		if (s->index > SL_ARG_WORDS)
			return 1;
		words_note(s->scratch, set, s->may, is_option);
		s->may = forget(sl_may_next(s->may, is_option));
		return 0;
	}
	if (s->index > SL_ARG_SCAN)
		return 1;
	info = bpf_map_lookup_elem(&exec_sets, &set);
	/* Also of an option's value: to another interpreter that option has none, and this is its code. */
	if (info && info->flags & s->interpreter & SL_EXEC_INLINE_ALL)
		s->set0 |= ARGS_INLINE;
	if (s->skip) {
		s->skip = 0;
		return 0;
	}
	if (buf[0] == '-' || (buf[0] == '+' && s->interpreter & SL_EXEC_SHELL)) {
		s->skip = info && info->flags & SL_EXEC_OPT_VALUE;
		return 0;
	}
	if (info && info->flags & SL_EXEC_LAUNCH)
		return 0;
	s->script = set;
	s->found = 1;
	s->hash = forget(hash[0]);
	s->name = forget(hash[1]);
	s->words = info && info->as_script.cnt;
	return !s->words;
}

/* Match sets of the arguments. Low half: match set of argv[0]'s last component, and ARGS_INLINE; high half: of the script, 0 none. The
 * rest is left in scratch->work. words: of a program that is no interpreter, readers ask for its arguments. */
GLOBAL __u64 args_scan(struct scratch *scratch, __u64 start, __u64 end, __u32 interpreter, __u32 words)
{
	struct arg_scan s = {};

	if (!scratch)
		return 0;
	for (int i = 0; i < WORDS; i++)
		scratch->work[WORK_SEEN + i] = 0;
	s.scratch = scratch;
	s.words = forget(words);
	s.may = forget(SL_MAY_FIRST);
	s.addr = start;
	s.end = end;
	s.interpreter = forget(interpreter);
	s.index = forget(0);
	s.skip = forget(0);
	s.inside = forget(0);
	s.set0 = forget(0);
	s.script = forget(0);
	s.hash = forget(0);
	/* Overlong arguments take several rounds: room for 16 KB of excess. */
	bpf_loop(SL_ARG_WORDS + 64, arg_cb, &s, 0);
	if (!s.index && start < end)
		count_loss(SL_LOSS_ARGV);
	scratch->work[WORK_HASH] = s.hash;
	scratch->work[WORK_NAME] = s.name;
	scratch->work[WORK_STATE] = s.may | (s.words && (s.addr < s.end || s.index > SL_ARG_WORDS) ? WORDS_CUT : 0);
	/* No argument: the code comes from standard input. */
	if (s.interpreter & SL_EXEC_INLINE_ALL && ((s.index == 1 && s.addr >= s.end) || (s.index && s.interpreter & SL_EXEC_SHELL && !s.found)))
		s.set0 |= ARGS_INLINE;
	return s.script << 32 | (__u32)s.set0;
}

/* ---- where an executable is from ------------------------------------------------------------------------------------------- */

#define MNT_NOSUID 0x01

/* The executable is what its path says: root's, nobody else may write it, and on a file system that the host's root has mounted, and
 * not in the way of removable media and of users' own (nosuid). That is asked of the oldest mount, which a sandbox's is a copy of. */
ALWAYS_INLINE int is_roots(__u64 mnt, __u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	struct vfsmount *m = (struct vfsmount *)mnt;
	struct inode *inode = BPF_CORE_READ(d, d_inode);

	return !BPF_CORE_READ(inode, i_uid.val) && !(BPF_CORE_READ(inode, i_mode) & 022) &&
	       !BPF_CORE_READ(inode, i_sb, s_user_ns, level) && !(BPF_CORE_READ(m, mnt_flags) & MNT_NOSUID);
}

#define EXE_PROVED (1ull << 32)

/* Match set of an executable by its path; EXE_PROVED: it is that by its origin as well, so that nobody but root made it so. */
GLOBAL __u64 exe_match(__u64 mnt, __u64 dentry)
{
	__u32 set = PATH_VALUE(path_match_exec(mnt, dentry)), from;
	struct sl_exec_set *info = bpf_map_lookup_elem(&exec_sets, &set), *other;
	__u64 origin;

	if (!info)
		return 0;
	/* Most executables are in no list, by whatever path: a mount of a tool elsewhere is no reason to look for each one's origin. */
	if (!info->tool_exe && !info->exe_set && !info->as_exe.cnt && !(info->flags & SL_EXEC_INTERPRETER))
		return set;
	origin = path_origin(mnt, dentry);
	if (origin == ORIGIN_UNKNOWN)
		return set;
	if (!is_roots(origin ? origin : mnt, dentry))
		return set;
	if (!origin)
		return set | EXE_PROVED;
	from = PATH_VALUE(path_match_exec(origin, dentry));
	other = bpf_map_lookup_elem(&exec_sets, &from);
	return set | (other && other->exe_set == info->exe_set && other->tool_exe == info->tool_exe &&
			      other->as_exe.outcomes == info->as_exe.outcomes ? EXE_PROVED : 0);
}

/* What an installation is known by: the folder that the executable is in, for tools are made of several. */
GLOBAL __u64 exe_folder(__u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_parent, d_inode);
	__u64 h = knobs.seed ^ BPF_CORE_READ(inode, i_ino);

	h = (h ^ h >> 29) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 32 ^ ((__u64)BPF_CORE_READ(inode, i_sb, s_dev) << 32 | BPF_CORE_READ(inode, i_generation))) * 0xbf58476d1ce4e5b9ull;
	return h ^ h >> 31;
}

struct recognised {
	__u16 tool;
	__u16 exe_set;
	__u16 exe_base;  /* the same without what the arguments say of the code */
	__u8 evidence;
	__u8 helper;
	__u8 unproved;
	__u8 scripted;
	__u16 exe_made;  /* the same, made up by the session */
	__u64 image;
	__u64 script;    /* its own name's hash, and in the high half its length */
};

/* By the name of its script, the program is what a reader says, and no tool. That name proves nothing. */
ALWAYS_INLINE void recognise_script(struct recognised *r, const struct sl_exec_set *interpreter, const struct sl_exec_set *script, __u32 col)
{
	__u32 at = interpreter->script_row * knobs.script_cols + col;
	__u16 *set = bpf_map_lookup_elem(&script_sets, &at);

	if (!set || !col)
		return;
	r->exe_set = r->exe_base = *set;
	r->unproved = !(script->flags & SL_EXEC_ANY_SCRIPT);
}

ALWAYS_INLINE void recognise(struct task_struct *p, struct recognised *r)
{
	struct file *exe = BPF_CORE_READ(p, mm, exe_file);
	struct sl_exec_set *info, *of_script;
	struct scratch *scratch;
	__u32 set, script, interpreter, image, outcome;
	__u64 args, dentry = (__u64)BPF_CORE_READ(exe, f_path.dentry);

	__builtin_memset(r, 0, sizeof(*r));
	args = exe_match((__u64)BPF_CORE_READ(exe, f_path.mnt), dentry);
	set = args;
	info = bpf_map_lookup_elem(&exec_sets, &set);
	if (!info)
		return;
	r->tool = info->tool_exe;
	r->exe_set = r->exe_base = info->exe_set;
	r->exe_made = info->exe_inline;
	r->unproved = !(args & EXE_PROVED) && !(info->flags & SL_EXEC_ANY_ORIGIN);
	r->image = r->tool ? exe_folder(dentry) : 0;
	r->evidence = info->tool_exe ? SL_EVID_EXE : SL_EVID_NONE;
	interpreter = info->flags & SL_EXEC_INTERPRETER ? info->flags & (SL_EXEC_INTERPRETER | SL_EXEC_SHELL | SL_EXEC_INLINE_ALL) : 0;
	if (!info->tool_exe && !interpreter && !info->as_exe.cnt)
		return;
	image = set;

	scratch = scratch_get();
	if (!scratch) {
		count_loss(SL_LOSS_ARGV);
		return;
	}
	args = args_scan(scratch, BPF_CORE_READ(p, mm, arg_start), BPF_CORE_READ(p, mm, arg_end), r->tool ? 0 : interpreter,
			 (r->tool || !interpreter) && info->as_exe.cnt);
	if (!r->tool)
		r->image = scratch->work[WORK_HASH];
	if (interpreter)
		r->script = scratch->work[WORK_NAME];
	script = args >> 32;
	outcome = r->tool || !interpreter ? words_outcome(scratch, image, 0) : words_outcome(scratch, script, 1);
	scratch_put(scratch);
	set = args & (ARGS_INLINE - 1);
	of_script = bpf_map_lookup_elem(&exec_sets, &set);
	r->helper = of_script && of_script->flags & SL_EXEC_HELPER && (r->tool || interpreter);
	if (r->tool || !interpreter) {
		r->exe_set = r->exe_base = (__u16)outcome;
		return;
	}
	of_script = bpf_map_lookup_elem(&exec_sets, &script);
	if (of_script && of_script->tool_argv && !(interpreter & SL_EXEC_SHELL)) {
		r->tool = of_script->tool_argv;
		r->evidence = SL_EVID_ARGV;
		r->scripted = 1;
	} else if (args & ARGS_INLINE) {
		r->exe_set = info->exe_inline;
		r->script = 0;
	} else if (script && of_script) {
		recognise_script(r, info, of_script, outcome);
	}
}

/* A tool is met in its own session: is it the tool that has started itself again? Else anybody may have put it there, and it is judged as
 * any program of the session as well. Nothing but the tool has run in between, and it is from the same folder, or the same script; or
 * what its script has started (npm packages bring a script, and that the program); or root's. */
ALWAYS_INLINE int is_same_tool(const struct sl_label *label, const struct recognised *r)
{
	if (label->left_tool)
		return 0;
	return (label->image && label->image == r->image) || (!r->scripted && (label->scripted || !r->unproved));
}

/* Gives the current process the label of its new image. Each on its own: the label, and the record of it, for the stack. Returns what is
 * to be sent. */
#define EXEC_QUIET 0
#define EXEC_SEND 1
#define EXEC_SEND_NEW 2          /* a session begins */

GLOBAL int label_exec(const struct recognised *found)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, number;
	struct sl_label *old = label_find(tgid), label = {};
	__u64 now = bpf_ktime_get_boot_ns();
	int followed = 0, tool_here, new_session = 0;
	__u16 exe_set;
	struct sl_tool *tool;

	if (!found)
		return EXEC_QUIET;
	tool_here = found->tool;
	exe_set = found->exe_set;
	if (old)
		label = *old;
	if (units_used && !label.tool)
		followed = unit_started(&label);
	if (tool_here && label.tool && (label.tool != tool_here || !is_same_tool(&label, found)) &&
	    !sl_asked_add(&label.asked, label.tool)) {
		count_loss(SL_LOSS_NESTED);
		tool_here = 0;
	}
	/* A project's program that starts the same interpreter with -c: workers of multiprocessing, pytest-xdist and their like. */
	if (label.tool && label.mode != SL_MODE_SELF && label.exe_set == found->exe_base)
		exe_set = found->exe_base;
	label.exec_ns = now;
	label.exe_set = exe_set;
	label.asked.unproved = found->unproved;
	label.mode = tool_here ? SL_MODE_SELF : SL_MODE_CHILD;
	label.startup_until_ns = 0;
	label.reported = 0;
	label.script_len = *(volatile __u32 *)&made_used && !tool_here && (found->script >> 32) < MADE_NAME ? found->script >> 32 : 0;
	label.script_hash = (__u32)found->script;
	label.exe_made = found->exe_made;
	if (tool_here && (label.tool != tool_here || (label.left_tool && !found->helper))) {
		/* A tool, met from outside or inside another session (of another tool, or of the same one behind a
		 * program that is not the tool: a tool that only starts itself again stays in its session). */
		label.parent_session_ns = label.session_ns;
		label.parent_session_pid = label.session_pid;
		label.parent_tool = label.tool;
		label.session_ns = now;
		label.session_pid = tgid;
		if (!label.root_ns) {
			label.root_ns = now;
			label.root_pid = tgid;
		}
		label.tool = tool_here;
		label.evidence = found->evidence;
		label.left_tool = 0;
		new_session = 1;
	} else if (label.tool) {
		label.evidence = tool_here ? found->evidence : followed ? SL_EVID_UNIT : SL_EVID_INHERITED;
		label.left_tool = tool_here ? label.left_tool : 1;
	} else if (!found->exe_set) {
		if (old)
			label_drop(tgid);
		return EXEC_QUIET;
	}
	if (tool_here) {
		label.image = found->image;
		label.scripted = found->scripted;
	}
	/* Inside another's session it is a session's program that reads, whenever it does. */
	if (tool_here && !found->helper && !label.asked.outer[0]) {
		number = tool_here;
		tool = bpf_map_lookup_elem(&tools, &number);
		if (tool && tool->startup_ns)
			label.startup_until_ns = now + tool->startup_ns;
	}
	if (label_set(tgid, &label) || !label.tool)
		return EXEC_QUIET;
	return new_session ? EXEC_SEND_NEW : EXEC_SEND;
}

ALWAYS_INLINE void on_exec(int second, struct task_struct *p)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct sl_label *label;
	struct recognised r;
	int what;

	if (!first_run(SL_TWIN_EXEC, second, (__u64)low_half(p->mm) << 32 | p->pid))
		return;
	if (is_self(tgid))
		__sync_fetch_and_add(&self_hits[SL_HOOK_EXEC], 1);
	recognise(p, &r);
	if (!r.tool && made_here((__u64)BPF_CORE_READ(p, mm, exe_file, f_path.dentry))) {
		r.exe_set = r.exe_base = r.exe_made;
		r.script = 0;
	}
	what = label_exec(&r);
	label = what ? label_find(tgid) : NULL;
	if (label)
		send_image(label, SL_EXEC_ORIGIN_EXEC, what == EXEC_SEND_NEW);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *p)
{
	enter();
	on_exec(0, p);
	leave();
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec2, struct task_struct *p)
{
	enter();
	on_exec(1, p);
	leave();
	return 0;
}

ALWAYS_INLINE void note_early_fork(__u32 child, __u32 parent)
{
	__u32 slot = child & (SL_EARLY_FORKS_MAX - 1);
	__u64 *fork = bpf_map_lookup_elem(&early_forks, &slot);

	if (!fork)
		return;
	if (*fork && *fork >> 32 != child)
		count_loss(SL_LOSS_LABEL);
	*fork = sl_early_fork(child, parent);
}

ALWAYS_INLINE void on_fork(int second, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = parent->tgid, child_tgid = child->tgid;
	struct sl_label *mine, label;
	struct sl_rec_fork rec = {};

	if (!first_run(SL_TWIN_FORK, second, (__u64)low_half(child) << 32 | child->pid))
		return;
	if (tgid == child_tgid) /* a thread */
		return;
	/* A new mount namespace: its mounts may have addresses that cached verdicts know from others. */
	if (parent->nsproxy->mnt_ns != child->nsproxy->mnt_ns)
		__sync_fetch_and_add(&epoch, 1);
	if (is_self(tgid))
		__sync_fetch_and_add(&self_hits[SL_HOOK_FORK], 1);
	if (starting)
		note_early_fork(child_tgid, tgid);
	mine = label_find(tgid);
	if (!mine) {
		/* The start scan may have labelled a process just after its end; its pid is another's now. */
		if (label_find(child_tgid))
			label_drop(child_tgid);
		return;
	}
	label = *mine;
	label.reported = 0;
	if (label.tool)
		label.evidence = SL_EVID_INHERITED;
	if (label_set(child_tgid, &label) || !label.tool)
		return;
	fill_hdr(&rec.hdr, SL_REC_FORK);
	fill_who(&rec.who, &label);
	rec.who.tgid = child_tgid;
	rec.who.tid = child->pid;
	rec.who.ppid = tgid;
	rec.who.start_ns = child->start_boottime;
	send_ordinary(&rec.hdr, sizeof(rec));
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	enter();
	on_fork(0, parent, child);
	leave();
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork2, struct task_struct *parent, struct task_struct *child)
{
	enter();
	on_fork(1, parent, child);
	leave();
	return 0;
}

ALWAYS_INLINE void on_exit(int second, struct task_struct *p)
{
	__u32 tgid = p->tgid;
	struct sl_rec_exit rec = {};
	struct sl_label *mine;

	if (!first_run(SL_TWIN_EXIT, second, (__u64)low_half(p) << 32 | p->pid))
		return;
	if (BPF_CORE_READ(p, signal, live.counter))
		return;
	if (is_self(tgid)) { /* the next process of this pid is a stranger */
		__sync_fetch_and_add(&self_hits[SL_HOOK_EXIT], 1);
		self_tgid = 0;
	}
	mine = label_find(tgid);
	if (!mine)
		return;
	if (mine->tool) {
		int code = BPF_CORE_READ(p, signal, group_exit_code);

		fill_hdr(&rec.hdr, SL_REC_EXIT);
		fill_who(&rec.who, mine);
		rec.exit_code = code ? code : p->exit_code;
		send_ordinary(&rec.hdr, sizeof(rec));
	}
	label_drop(tgid);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *p)
{
	enter();
	on_exit(0, p);
	leave();
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit2, struct task_struct *p)
{
	enter();
	on_exit(1, p);
	leave();
	return 0;
}
