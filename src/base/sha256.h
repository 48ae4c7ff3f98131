/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * SHA-256 (FIPS 180-4) and HMAC over it (RFC 2104). Names a policy by its contents and a host by its machine id; protects nothing
 * that somebody could probe, so it need not be constant in time.
 */
#ifndef SLUICE_BASE_SHA256_H
#define SLUICE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

struct sha256 {
	uint32_t state[8];
	uint64_t len;       /* bytes taken so far */
	uint8_t block[64];  /* the last len % 64 of them */
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t len);
void sha256_end(struct sha256 *s, uint8_t ret[SHA256_SIZE]);

/* Keys of at most one block (64 bytes). */
void sha256_hmac(const uint8_t *key, size_t key_len, const void *bytes, size_t len, uint8_t ret[SHA256_SIZE]);

#endif /* SLUICE_BASE_SHA256_H */
