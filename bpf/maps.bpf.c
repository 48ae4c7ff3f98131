/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the definition of every map and global that the other objects share, and the licence they load under. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define SL_MAPS_DEFINE
#include "maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
