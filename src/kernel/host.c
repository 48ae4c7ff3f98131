/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the look at this host before anything is loaded: the namespaces that we are in and the switches that take BPF away. Each
 * that makes it impossible to work has one sentence with its remedy; all commands that ask the kernel begin here, so that they
 * agree. What only narrows the view is a row of doctor (attach.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/internal.h"

/* Inode numbers of the initial namespaces, fixed since Linux 3.8 (include/linux/proc_ns.h, uapi linux/nsfs.h). */
#define USER_NS_INITIAL 0xeffffffdu
#define PID_NS_INITIAL 0xeffffffcu
#define CGROUP_NS_INITIAL 0xeffffffbu

/* A kernel that is built without a kind of namespace has no file for it, and then this is the only one. */
static bool is_initial(const char *ns, uint32_t initial)
{
	struct stat st;

	return stat(ns, &st) ? errno == ENOENT : st.st_ino == initial;
}

/* The clock that records and time-boxed modes are in: nonzero where a time namespace moves it away from the kernel's. */
static bool clock_is_shifted(void)
{
	cleanup_fclose FILE *f = fopen("/proc/self/timens_offsets", "re");
	char clock[32];
	int64_t s, ns;

	while (f && fscanf(f, "%31s %" SCNd64 " %" SCNd64, clock, &s, &ns) == 3)
		if (!strcmp(clock, "boottime") || !strcmp(clock, "7"))
			return s || ns;
	return false;
}

int kernel_check_host(struct errmsg *e)
{
	if (access("/proc/self/ns", F_OK))
		return errmsg_set(e, -EOPNOTSUPP, "/proc is not mounted here, and processes cannot be found without it: `mount -t proc proc /proc`");
	if (!is_initial("/proc/self/ns/user", USER_NS_INITIAL))
		return errmsg_set(e, -EOPNOTSUPP, "this is a user namespace (a rootless container, unshare -U), where the kernel loads no such BPF "
				  "programs for anyone: run it on the host, as the host's root");
	if (!is_initial("/proc/self/ns/pid", PID_NS_INITIAL))
		return errmsg_set(e, -EOPNOTSUPP, "this is a pid namespace (a container), where processes have other numbers than the kernel's: "
				  "run it on the host, or start the container in the host's (--pid=host)");
	if (clock_is_shifted())
		return errmsg_set(e, -EOPNOTSUPP, "this is a time namespace with another boot time than the kernel's, in which its events are "
				  "timed: run it on the host");
	return 0;
}

/* The one in brackets of "none integrity [confidentiality]". */
static bool locked_down_for(const char *what)
{
	cleanup_fclose FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	char line[128], want[64];

	snprintf(want, sizeof(want), "[%s]", what);
	return f && fgets(line, sizeof(line), f) && strstr(line, want);
}

static bool is_zero(const char *path)
{
	cleanup_fclose FILE *f = fopen(path, "re");
	int value;

	return f && fscanf(f, "%d", &value) == 1 && value == 0;
}

/* Loads `return 0`. A descriptor or a negative errno. */
static int load_smallest(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, NULL, "Dual BSD/GPL", insns, ARRAY_SIZE(insns), NULL);
}

int host_check_bpf(struct errmsg *e)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	cleanup_close int fd = load_smallest();

	if (fd == -ENOSYS)
		return errmsg_set(e, -EOPNOTSUPP, "this kernel has no bpf(2), or a sandbox hides it: run it on a Linux host whose kernel has "
				  "CONFIG_BPF_SYSCALL");
	if (fd < 0)
		return errmsg_set(e, -EOPNOTSUPP, "the smallest BPF program is refused (%s) though we have the capabilities: let the container's "
				  "seccomp filter or the security module allow bpf(2), or run it on the host", strerror(-fd));
	/* bpf_loop() takes callbacks, and only compiled programs may have them; trampolines call nothing else either. */
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && !info.jited_prog_len) {
		if (is_zero("/proc/sys/net/core/bpf_jit_enable"))
			return errmsg_set(e, -EOPNOTSUPP, "the BPF compiler is switched off (net.core.bpf_jit_enable=0), and the kernel attaches "
					  "only compiled programs: `sysctl -w net.core.bpf_jit_enable=1`");
		return errmsg_set(e, -EOPNOTSUPP, "this kernel does not compile BPF programs, and it attaches only compiled ones: boot one built "
				  "with CONFIG_BPF_JIT, with net.core.bpf_jit_enable=1");
	}
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_probe_read_kernel, NULL) == 0)
		return errmsg_set(e, -EOPNOTSUPP, "%s, so BPF programs may not read the kernel's memory and know no path: boot with "
				  "lockdown=integrity, or without it", locked_down_for("confidentiality") ?
				  "this kernel is locked down for confidentiality (lockdown=confidentiality)" :
				  "this kernel keeps its memory confidential");
	return 0;
}

/*
 * We stay in there. Cgroups have their full paths then, which name containers, and the root of the hierarchy is everybody's. pid 1
 * is the host's: in a pid namespace nothing begins at all.
 */
bool host_join_cgroup_root(void)
{
	cleanup_close int fd = -1;

	if (is_initial("/proc/self/ns/cgroup", CGROUP_NS_INITIAL))
		return true;
	fd = open("/proc/1/ns/cgroup", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && setns(fd, CLONE_NEWCGROUP))
		return false;
	return fd >= 0 && is_initial("/proc/self/ns/cgroup", CGROUP_NS_INITIAL);
}

/* Address of a kernel variable. 0: not known, or hidden. */
static uint64_t find_symbol(const char *name)
{
	cleanup_fclose FILE *f = fopen("/proc/kallsyms", "re");
	cleanup_free char *line = NULL;
	size_t size = 0, len = strlen(name);
	ssize_t n;

	while (f && (n = getline(&line, &size, f)) > 0) {
		const char *at = strrchr(line, ' ');

		if (at && !strncmp(at + 1, name, len) && at[1 + len] == '\n')
			return strtoull(line, NULL, 16);
	}
	return 0;
}

int host_read_variable(const char *name, int32_t *ret)
{
	const uint64_t address = find_symbol(name);
	const struct bpf_insn insns[] = {
		/* r1 = r10 - 8; *(u64 *)r1 = 0; bpf_probe_read_kernel(r1, 4, address) */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = sizeof(*ret) },
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = BPF_REG_3, .imm = (int32_t)address },
		{ .imm = (int32_t)(address >> 32) },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_test_run_opts, run);
	cleanup_close int fd = -1;

	if (!address)
		return -ENOENT;
	fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, "Dual BSD/GPL", insns, ARRAY_SIZE(insns), NULL);
	if (fd < 0)
		return fd;
	if (bpf_prog_test_run_opts(fd, &run))
		return -errno;
	*ret = (int32_t)run.retval;
	return 0;
}
