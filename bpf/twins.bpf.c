/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The programs that are attached twice, as one object: they share kernel functions (enter(), leave()), and the linker of
 * libbpf 1.1 cannot merge the declarations of such from two objects.
 */
#include "process.bpf.c"
#include "file.bpf.c"
#include "peers.bpf.c"
#include "socket.bpf.c"
