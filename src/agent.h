/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * One run of the agent: kernel side, pipeline and recording wired together in one epoll loop. The only module that knows
 * all the others; the subcommands only choose what goes in and where it goes out.
 */
#ifndef SLUICE_AGENT_H
#define SLUICE_AGENT_H

#include "base/errmsg.h"
#include "base/hostid.h"
#include "cli/options.h"
#include "correlate/pipeline.h"
#include "kernel/kernel.h"

/* Host names and boot ids of this machine, for outputs and recordings. */
struct agent_host {
	char host[256];
	char boot_id[64];
	char host_id[HOSTID_SIZE];
	char kernel[128];
};
void agent_host_read(struct agent_host *h);
void agent_host_name(struct agent_host *h); /* reads the name alone again */

struct agent_config {
	const struct loaded *loaded;   /* borrowed */
	const struct report_source *source; /* borrowed: what its events say of this host */
	enum kernel_tier tier;
	const char *cgroup;            /* NULL: the root */
	uint32_t ring_size;            /* 0: default */
	uint64_t duration_ns;          /* 0: until a signal */
	int record_fd;                 /* -1: no recording */
	bool enforce;                  /* refuse what rules block, whatever the policy's mode */
	const char *const *files;      /* what it writes: protected from processes of sessions */
	size_t files_cnt;
	const char *policy_file;       /* what a reload reads; NULL: the default */
	const char *pin_root;          /* as of struct kernel_config */
	const char *control;           /* path of the control socket; NULL: none */
	bool service;                  /* the policy's mode and require count, SIGHUP reloads; tell systemd: READY,
	                                * WATCHDOG, RELOADING, STOPPING */

	/* Each report, in order. */
	void (*sink)(void *arg, const struct report *r);
	/* After each round. A negative errno ends the run: an output is gone (-EPIPE is no error, the reader left). */
	int (*flush)(void *arg);
	uint64_t *output_lost;         /* events that an output refused; told as a loss and set to 0. NULL: none */
	/* A reload that changed nothing, and why. */
	void (*reopen)(void *arg);  /* SIGHUP: outputs to files are opened again by their names; NULL */
	void (*reload_failed)(void *arg, const struct errmsg *why);
	/* Everything is attached and what runs is labelled; rows as of kernel_rows(). */
	void (*ready)(void *arg, struct kernel *k, int labelled);
	void *arg;
};

/*
 * Runs until SIGINT, SIGTERM, the duration, or an output that fails. 0, or a negative errno with e filled (as of
 * kernel_open(), or of the output). With pins and in enforce mode the
 * programs stay; else nothing does.
 */
int agent_run(const struct agent_config *config, struct errmsg *e);

#endif /* SLUICE_AGENT_H */
