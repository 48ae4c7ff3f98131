/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The bytes of a recording, shared by its writer and its reader. */
#ifndef SLUICE_EVENT_RECORDING_FORMAT_H
#define SLUICE_EVENT_RECORDING_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define RECORDING_MAGIC "SLUICEREC\n"
#define RECORDING_MAGIC_LEN 10
#define RECORDING_ORDER 0x01020304u

struct recording_head {
	char magic[RECORDING_MAGIC_LEN];
	uint16_t format;
	uint32_t order;
	uint32_t record_version;
	uint32_t header_len;
};
_Static_assert(sizeof(struct recording_head) == 24, "part of the format");

enum recording_tag {
	RECORDING_AGENT = 1,
	RECORDING_HOST,
	RECORDING_BOOT_ID,
	RECORDING_KERNEL,
	RECORDING_SOURCE,  /* name, NUL, text */
	RECORDING_HOME,
	RECORDING_USER,    /* u32 uid, name */
	RECORDING_HOST_ID, /* since 0.2; older readers skip it */
};

struct recording_field {
	uint16_t tag;
	uint16_t zero;
	uint32_t len;
};

struct recording_frame {
	uint32_t size;
	uint32_t sum;
};

static inline size_t recording_padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

static inline uint32_t recording_sum(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * 16777619u;
	return h;
}

#endif /* SLUICE_EVENT_RECORDING_FORMAT_H */
