/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what this kernel has, asked with empty programs that are gone at once, and the words of libbpf and the verifier, kept for the
 * error message instead of being printed. Versions are never compared.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel/internal.h"

#define LOG_PIECE 3000 /* kept of one message */

static char log_text[4096];
static size_t log_len;

static int keep_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	cleanup_free char *text = NULL;
	va_list again;
	size_t len;
	int n;

	if (level == LIBBPF_DEBUG)
		return 0;
	/* Of the verifier's log, which comes in one piece, the end tells. */
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return 0;
	text = malloc((size_t)n + 1);
	if (!text)
		return 0;
	vsnprintf(text, (size_t)n + 1, fmt, args);
	len = (size_t)n < LOG_PIECE ? (size_t)n : LOG_PIECE;
	if (log_len + len >= sizeof(log_text)) {
		size_t drop = log_len + len + 1 - sizeof(log_text);

		drop = drop < log_len ? drop : log_len;
		memmove(log_text, log_text + drop, log_len - drop);
		log_len -= drop;
	}
	memcpy(log_text + log_len, text + ((size_t)n - len), len);
	log_len += len;
	log_text[log_len] = '\0';
	return n;
}

void probe_capture_log(void)
{
	libbpf_set_print(keep_log);
}

void probe_reset_log(void)
{
	log_len = 0;
	log_text[0] = '\0';
}

const char *kernel_log(void)
{
	return log_text;
}

uint64_t kernel_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

bool probe_lsm_listed(char *list, size_t size)
{
	cleanup_close int fd = open("/sys/kernel/security/lsm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, list, size - 1) : -1;
	char *at;

	list[n > 0 ? n : 0] = '\0';
	/* securityfs not mounted: unknown; the trigger after attaching tells. */
	if (n <= 0)
		return true;
	list[strcspn(list, "\n")] = '\0';
	for (at = list; (at = strstr(at, "bpf")); at += 3)
		if ((at == list || at[-1] == ',') && (at[3] == ',' || at[3] == '\0'))
			return true;
	return false;
}

static struct btf *vmlinux_btf;

/* Some megabytes, read and indexed once for all that a start asks. */
const struct btf *probe_btf(void)
{
	if (!vmlinux_btf)
		vmlinux_btf = btf__load_vmlinux_btf();
	return vmlinux_btf;
}

void probe_btf_free(void)
{
	btf__free(vmlinux_btf);
	vmlinux_btf = NULL;
}

void probe_btf_funcs(const char *const *names, bool *ret, size_t cnt)
{
	const struct btf *btf = probe_btf();

	for (size_t i = 0; i < cnt; i++)
		ret[i] = btf && btf__find_by_name_kind(btf, names[i], BTF_KIND_FUNC) > 0;
}

static bool has_capability(int cap)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &hdr, data))
		return false;
	return data[cap / 32].effective >> (cap % 32) & 1;
}

int probe_hook(enum bpf_prog_type type, enum bpf_attach_type attach, const char *func)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);
	const struct btf *btf = probe_btf();
	int id = btf ? btf__find_by_name_kind(btf, func, BTF_KIND_FUNC) : -ENOENT;
	cleanup_close int fd = -1, link = -1;

	if (id < 0)
		return id;
	opts.attach_btf_id = (uint32_t)id;
	fd = bpf_prog_load(type, NULL, "Dual BSD/GPL", insns, ARRAY_SIZE(insns), &opts);
	if (fd < 0)
		return fd;
	link = bpf_raw_tracepoint_open(NULL, fd);
	return link < 0 ? link : 0;
}

int probe_floor(struct errmsg *e)
{
	int err = kernel_check_host(e);
	struct stat st;

	if (err)
		return err;
	if (!has_capability(CAP_SYS_ADMIN) && !(has_capability(CAP_BPF) && has_capability(CAP_PERFMON)))
		return errmsg_set(e, -EPERM, "cannot load BPF programs: not root: run it with sudo, or give it CAP_SYS_ADMIN");
	err = host_check_bpf(e);
	if (err)
		return err;
	if (stat("/sys/kernel/btf/vmlinux", &st))
		return errmsg_set(e, -EOPNOTSUPP, "this kernel has no type information (/sys/kernel/btf/vmlinux): boot a kernel "
				  "built with CONFIG_DEBUG_INFO_BTF");
	/* Path walks are bpf_loop() calls; it came with 5.17. */
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_loop, NULL) == 0)
		return errmsg_set(e, -EOPNOTSUPP, "this kernel has no bpf_loop helper, which path matching needs: boot Linux 6.1 or "
				  "newer");
	return 0;
}
