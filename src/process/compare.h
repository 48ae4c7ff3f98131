/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* How the directories of a path compare names, as bpf/folding.h finds it out. */
#ifndef SLUICE_PROCESS_COMPARE_H
#define SLUICE_PROCESS_COMPARE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What prefixes a path that /proc/PID shows of a process: "", or /proc/PID/root where the process has another mount namespace than this one.
 */
void compare_root(unsigned int pid, char *ret, size_t size);

/*
 * Fills how[0 .. max) for an absolute path, see names_fold(): component i is compared as the directory does that the components before it
 * name. What cannot be opened, or is not there, compares bytes; so does what is deeper than max. root: where the path begins, "" for /.
 * Opens directories, and may wait for the servers of their file systems.
 */
void compare_names(const char *root, const char *path, uint8_t *how, size_t max);

/* The same of one directory; enum sl_names. */
uint8_t compare_directory(int fd);

/* SL_STR_FOLDS and SL_STR_DOS for a file with that path in a record. */
uint16_t compare_flags(const char *root, const char *path);

#endif /* SLUICE_PROCESS_COMPARE_H */
