/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What several subcommands take: a policy, durations, sizes. */
#ifndef SLUICE_CLI_OPTIONS_H
#define SLUICE_CLI_OPTIONS_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "policy/compile.h"
#include "process/homes.h"

/* A policy, loaded and compiled for this host. */
struct loaded {
	char *path;                    /* where it came from */
	struct policy *policy;
	struct compiled *compiled;
	char **homes;                  /* what ~ stands for, as patterns */
	size_t homes_cnt;
	struct homes found;            /* the homes of this host, and what is none */
	struct policy_user *users;     /* names that rules use and that exist; names are the policy's strings */
	size_t users_cnt;
};

/*
 * path NULL: /etc/sluice/policy.yaml if it exists, else the shipped default.yaml, else that of the source tree beside
 * the running binary, else the one in the binary. Errors as of policy_load() and policy_compile().
 */
int options_load_policy(const char *path, struct loaded **ret, struct errmsg *e);
void loaded_free(struct loaded *l);
DEFINE_FREEP(struct loaded, loaded_free)

/* "90", "90s", "15m", "2h", "1d" -> ns; -EINVAL. */
int options_duration(const char *s, uint64_t *ret_ns);

/* "65536", "64k", "8m" -> bytes; -EINVAL. */
int options_size(const char *s, uint32_t *ret);

#endif /* SLUICE_CLI_OPTIONS_H */
