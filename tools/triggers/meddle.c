/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Tries to get at a running agent, in one way a call. Each way is harmless where it works: the signal is one that is ignored, a
 * limit is set to what it is, a file is opened for writing and not written, what is made or moved is put back.
 *
 *   meddle HOW PID        signal sigio ptrace mem vmread oom rlimit nice affinity
 *   meddle HOW PATH       write truncate chmod link rename (a file), create mkdir symlink mknod replace pin (in a folder), unlink (made
 *                         by "leave"), open-only (a cgroup's file), mount umount bind (a folder)
 *   meddle bpf -          bpf(2), the most harmless command
 *   meddle HOW ID         prog-id map-id link-id: a descriptor of an object of BPF
 *   meddle HOW -          array: a map that nobody else has is made, and asked what it is; calling-device: a program on devices that calls a
 *                         helper; mapped-device: one that has a map
 *   meddle HOW CGROUP     device: a program on devices comes and goes, as container engines do; connects: the same as device, of a program on connections; exclusive: that stays, and lets no
 *                         other be attached; inclusive: it goes
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "trigger.h"

static char beside[4096];

/* Another name in the same folder, or in the folder itself. */
static const char *other(const char *path, const char *end)
{
	snprintf(beside, sizeof(beside), "%s%s", path, end);
	return beside;
}

static int rc(long r)
{
	return r < 0 ? -errno : 0;
}

static int opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* ---- bpf(2) ---------------------------------------------------------------------------------------------------------- */

static int bpf(int cmd, union bpf_attr *attr)
{
	return rc(syscall(SYS_bpf, cmd, attr, sizeof(*attr)));
}

/* Loads `return 1`. */
static int load(enum bpf_prog_type type, enum bpf_attach_type attach)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = type, .insn_cnt = 2, .insns = (unsigned long)insns, .license = (unsigned long)"GPL",
				.expected_attach_type = attach };
	long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

/* As feature tests of libraries do. */
static int array(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	struct bpf_map_info info = { 0 };
	union bpf_attr about = { .info = { .info_len = sizeof(info), .info = (unsigned long)&info } };
	long fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));

	about.info.bpf_fd = (__u32)fd;
	return fd < 0 ? -errno : bpf(BPF_OBJ_GET_INFO_BY_FD, &about) ?: (int)fd;
}

/* A program on devices that does more than to decide: it calls bpf_ktime_get_ns(), or uses a map. */
static int device_with(int mapped)
{
	int map = mapped ? array() : 0;
	const struct bpf_insn calls[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_ns },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct bpf_insn uses[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE, .insn_cnt = mapped ? 4 : 3,
				.insns = (unsigned long)(mapped ? uses : calls), .license = (unsigned long)"GPL",
				.expected_attach_type = BPF_CGROUP_DEVICE };

	return map < 0 ? map : rc(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

static int attach(int cgroup, int prog, enum bpf_attach_type type, __u32 flags)
{
	union bpf_attr attr = { .target_fd = (__u32)cgroup, .attach_bpf_fd = (__u32)prog, .attach_type = type, .attach_flags = flags };

	return bpf(BPF_PROG_ATTACH, &attr);
}

static int detach(int cgroup, int prog, enum bpf_attach_type type)
{
	union bpf_attr attr = { .target_fd = (__u32)cgroup, .attach_bpf_fd = (__u32)prog, .attach_type = type };

	return bpf(BPF_PROG_DETACH, &attr);
}

/* The first program of a cgroup, by its id: what an engine does before it puts its own there. */
static int find(int cgroup, enum bpf_attach_type type)
{
	__u32 id = 0;
	union bpf_attr query = { .query = { .target_fd = (__u32)cgroup, .attach_type = type, .prog_ids = (unsigned long)&id, .prog_cnt = 1 } };
	union bpf_attr by_id = { 0 };
	int err = bpf(BPF_PROG_QUERY, &query);
	long fd;

	if (err && err != -ENOSPC)
		return err;
	by_id.prog_id = id;
	fd = syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &by_id, sizeof(by_id));
	return fd < 0 ? -errno : (int)fd;
}

static int comes_and_goes(const char *dir, enum bpf_prog_type prog_type, enum bpf_attach_type type)
{
	int cgroup = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int prog = cgroup < 0 ? -errno : load(prog_type, type);
	int err = prog < 0 ? prog : attach(cgroup, prog, type, BPF_F_ALLOW_MULTI);
	int found;

	if (err)
		return err;
	found = find(cgroup, type);
	err = detach(cgroup, prog, type);
	return found < 0 ? found : err;
}

static int exclusive(const char *dir, int stays)
{
	int cgroup = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int prog = cgroup < 0 ? -errno : load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT);

	if (prog < 0)
		return prog;
	/* Of exclusive programs the one that is there is detached, not a given one. */
	return stays ? attach(cgroup, prog, BPF_CGROUP_INET4_CONNECT, 0) : detach(cgroup, 0, BPF_CGROUP_INET4_CONNECT);
}

static int object_way(const char *how, __u32 id)
{
	union bpf_attr attr = { .prog_id = id };
	int cmd = !strcmp(how, "prog-id") ? BPF_PROG_GET_FD_BY_ID : !strcmp(how, "map-id") ? BPF_MAP_GET_FD_BY_ID : BPF_LINK_GET_FD_BY_ID;

	return rc(syscall(SYS_bpf, cmd, &attr, sizeof(attr)));
}

/* ---- a process ------------------------------------------------------------------------------------------------------- */

static int sigio(pid_t pid)
{
	int fds[2];

	/* SIGUSR1 ends who does not handle it: whether it arrived is for the caller to see. */
	if (pipe(fds) || fcntl(fds[0], F_SETOWN, pid) || fcntl(fds[0], F_SETSIG, SIGUSR1) ||
	    fcntl(fds[0], F_SETFL, O_ASYNC | O_NONBLOCK))
		return -errno;
	return rc(write(fds[1], "x", 1));
}

static int vmread(pid_t pid)
{
	char byte;
	struct iovec mine = { &byte, 1 }, theirs = { NULL, 1 };

	/* Nothing is mapped there: EFAULT says that one may. */
	return process_vm_readv(pid, &mine, 1, &theirs, 1, 0) < 0 && errno != EFAULT ? -errno : 0;
}

static int rlimit(pid_t pid)
{
	struct rlimit now;

	return rc(prlimit(pid, RLIMIT_NOFILE, NULL, &now)) ?: rc(prlimit(pid, RLIMIT_NOFILE, &now, NULL));
}

static int affinity(pid_t pid)
{
	cpu_set_t now;

	return rc(sched_getaffinity(pid, sizeof(now), &now)) ?: rc(sched_setaffinity(pid, sizeof(now), &now));
}

static int process_way(const char *how, pid_t pid)
{
	char path[64];

	if (!strcmp(how, "prog-id") || !strcmp(how, "map-id") || !strcmp(how, "link-id"))
		return object_way(how, (__u32)pid);
	if (!strcmp(how, "signal"))
		return rc(kill(pid, SIGWINCH));
	if (!strcmp(how, "sigio"))
		return sigio(pid);
	if (!strcmp(how, "ptrace"))
		return rc(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	if (!strcmp(how, "vmread"))
		return vmread(pid);
	if (!strcmp(how, "rlimit"))
		return rlimit(pid);
	if (!strcmp(how, "nice"))
		return rc(setpriority(PRIO_PROCESS, (id_t)pid, getpriority(PRIO_PROCESS, (id_t)pid)));
	if (!strcmp(how, "affinity"))
		return affinity(pid);
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, strcmp(how, "mem") ? "oom_score_adj" : "mem");
	return strcmp(how, "mem") && strcmp(how, "oom") ? -EINVAL : opens(path, strcmp(how, "mem") ? O_WRONLY : O_RDONLY);
}

/* ---- a path ---------------------------------------------------------------------------------------------------------- */

static int file_way(const char *how, const char *path)
{
	struct stat st = { 0 };

	if (!strcmp(how, "write"))
		return opens(path, O_WRONLY | O_APPEND);
	if (!strcmp(how, "open-only"))
		return opens(path, O_WRONLY);
	if (!strcmp(how, "truncate"))
		return rc(stat(path, &st)) ?: rc(truncate(path, st.st_size));
	if (!strcmp(how, "chmod"))
		return rc(stat(path, &st)) ?: rc(chmod(path, st.st_mode & 07777));
	if (!strcmp(how, "link"))
		return rc(link(path, other(path, ".link"))) ?: rc(unlink(beside));
	if (!strcmp(how, "rename"))
		return rc(rename(path, other(path, ".away"))) ?: rc(rename(beside, path));
	if (!strcmp(how, "unlink"))
		return rc(unlink(path));
	return -EINVAL;
}

/* A file of the folder above is moved into it. */
static int replace(const char *dir)
{
	char from[4096];
	int err;

	snprintf(from, sizeof(from), "%s/../meddle.new", dir);
	err = opens(from, O_WRONLY | O_CREAT) ?: rc(rename(from, other(dir, "/made.yaml")));
	unlink(err ? from : beside);
	return err;
}

static int folder_way(const char *how, const char *dir)
{
	if (!strcmp(how, "device"))
		return comes_and_goes(dir, BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE);
	if (!strcmp(how, "connects"))
		return comes_and_goes(dir, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT);
	if (!strcmp(how, "exclusive") || !strcmp(how, "inclusive"))
		return exclusive(dir, how[0] == 'e');
	if (!strcmp(how, "leave"))
		return opens(other(dir, "/left"), O_WRONLY | O_CREAT | O_EXCL);
	if (!strcmp(how, "create"))
		return opens(other(dir, "/made.yaml"), O_WRONLY | O_CREAT | O_EXCL) ?: rc(unlink(beside));
	if (!strcmp(how, "mkdir"))
		return rc(mkdir(other(dir, "/made.yaml"), 0700)) ?: rc(rmdir(beside));
	if (!strcmp(how, "symlink"))
		return rc(symlink("/dev/null", other(dir, "/made.yaml"))) ?: rc(unlink(beside));
	if (!strcmp(how, "mknod"))
		return rc(mknod(other(dir, "/made.yaml"), S_IFIFO | 0600, 0)) ?: rc(unlink(beside));
	if (!strcmp(how, "replace"))
		return replace(dir);
	if (!strcmp(how, "pin")) /* bpffs takes no dot in a name */
		return rc(mkdir(other(dir, "/made"), 0700)) ?: rc(rmdir(beside));
	if (!strcmp(how, "mount"))
		return rc(mount("none", dir, "tmpfs", 0, NULL)) ?: rc(umount(dir));
	if (!strcmp(how, "bind"))
		return rc(mount("/tmp", dir, NULL, MS_BIND, NULL)) ?: rc(umount(dir));
	if (!strcmp(how, "umount"))
		return rc(umount2(dir, MNT_DETACH));
	return file_way(how, dir);
}

int main(int argc, char **argv)
{
	const char *how = argc == 3 ? argv[1] : "";
	int err;

	if (!how[0]) {
		fprintf(stderr, "usage: meddle HOW PID|PATH\n");
		return TRIGGER_MISUSE;
	}
	if (!strcmp(how, "bpf")) {
		union bpf_attr attr = { .start_id = 0 };

		err = rc(syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)));
	} else if (!strcmp(how, "array")) {
		err = array();
		err = err < 0 ? err : 0;
	} else if (!strcmp(how, "calling-device") || !strcmp(how, "mapped-device")) {
		err = device_with(*how == 'm');
	} else if (argv[2][0] == '/') {
		err = folder_way(how, argv[2]);
	} else {
		err = process_way(how, (pid_t)trigger_number(argv[2], 1, 4194304));
	}
	return err == -EINVAL ? TRIGGER_MISUSE : trigger_end("meddle", how, err);
}
