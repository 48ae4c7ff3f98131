/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
#ifndef SLUICE_PROCESS_LOCALFS_H
#define SLUICE_PROCESS_LOCALFS_H

#include <stdbool.h>

/* What is behind the descriptor is on a file system that opens without asking anybody. May sleep where it is not. */
bool localfs(int fd);

#endif /* SLUICE_PROCESS_LOCALFS_H */
