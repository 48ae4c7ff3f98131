/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what is hashed and signed, and the key's files. Integers are hashed as 8 bytes, texts behind their length, little-endian. */
#include "store/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

_Static_assert(CHAIN_SIG == crypto_sign_BYTES && CHAIN_PUBLIC == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(CHAIN_SECRET == crypto_sign_SECRETKEYBYTES && CHAIN_HASH == crypto_generichash_BYTES, "Ed25519, BLAKE2b");

static const char magic_genesis[] = "sluice-store-1", magic_mark[] = "sluice-mark-1";

int chain_init(void)
{
	return sodium_init() < 0 ? -ENOSYS : 0;
}

static void add_u64(crypto_generichash_state *s, uint64_t n)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(n >> 8 * i);
	crypto_generichash_update(s, bytes, sizeof(bytes));
}

static void add_bytes(crypto_generichash_state *s, const void *bytes, size_t len)
{
	add_u64(s, len);
	if (len)
		crypto_generichash_update(s, bytes, len);
}

void chain_genesis(uint8_t ret[CHAIN_HASH], int64_t made_ns, const char *host, const uint8_t pub[CHAIN_PUBLIC])
{
	crypto_generichash_state s;

	crypto_generichash_init(&s, NULL, 0, CHAIN_HASH);
	add_bytes(&s, magic_genesis, sizeof(magic_genesis) - 1);
	add_u64(&s, (uint64_t)made_ns);
	add_bytes(&s, host, strlen(host));
	add_bytes(&s, pub, CHAIN_PUBLIC);
	crypto_generichash_final(&s, ret, CHAIN_HASH);
}

void chain_row(uint8_t ret[CHAIN_HASH], const uint8_t prev[CHAIN_HASH], int64_t n, const struct store_row *row,
	       const size_t len[_STORE_TEXT_MAX])
{
	crypto_generichash_state s;

	crypto_generichash_init(&s, NULL, 0, CHAIN_HASH);
	crypto_generichash_update(&s, prev, CHAIN_HASH);
	add_u64(&s, (uint64_t)n);
	add_u64(&s, row->time_ns);
	add_u64(&s, (uint64_t)row->user);
	for (size_t i = 0; i < _STORE_TEXT_MAX; i++)
		add_bytes(&s, row->text[i], len[i]);
	crypto_generichash_final(&s, ret, CHAIN_HASH);
}

/* What is signed of a mark: its hash. */
static void mark_hash(uint8_t ret[CHAIN_HASH], const struct chain_mark *m, const uint8_t genesis[CHAIN_HASH])
{
	crypto_generichash_state s;

	crypto_generichash_init(&s, NULL, 0, CHAIN_HASH);
	add_bytes(&s, magic_mark, sizeof(magic_mark) - 1);
	crypto_generichash_update(&s, genesis, CHAIN_HASH);
	add_bytes(&s, m->kind, strlen(m->kind));
	add_u64(&s, (uint64_t)m->time_ns);
	add_u64(&s, (uint64_t)m->from_n);
	add_u64(&s, (uint64_t)m->to_n);
	add_u64(&s, (uint64_t)m->count);
	add_u64(&s, (uint64_t)m->lost);
	add_bytes(&s, m->reason, strlen(m->reason));
	add_bytes(&s, m->head, CHAIN_HASH);
	crypto_generichash_final(&s, ret, CHAIN_HASH);
}

void chain_sign(struct chain_mark *m, const uint8_t genesis[CHAIN_HASH], const struct chain_key *key)
{
	uint8_t hash[CHAIN_HASH];

	mark_hash(hash, m, genesis);
	crypto_sign_detached(m->sig, NULL, hash, sizeof(hash), key->secret);
}

bool chain_signed(const struct chain_mark *m, const uint8_t genesis[CHAIN_HASH], const uint8_t pub[CHAIN_PUBLIC])
{
	uint8_t hash[CHAIN_HASH];

	mark_hash(hash, m, genesis);
	return !crypto_sign_verify_detached(m->sig, hash, sizeof(hash), pub);
}

/* ---- keys ------------------------------------------------------------------------------------------------------------ */

void chain_hex(char *ret, const uint8_t *bytes, size_t len)
{
	sodium_bin2hex(ret, 2 * len + 1, bytes, len);
}

bool chain_unhex(uint8_t *ret, size_t len, const char *text)
{
	const char *end;
	size_t got;

	return !sodium_hex2bin(ret, len, text, strlen(text), NULL, &got, &end) && got == len && !*end;
}

void chain_key_once(struct chain_key *ret)
{
	crypto_sign_keypair(ret->pub, ret->secret);
}

/* A whole file or none: written beside its place, on the disk before it has its name. */
static int write_file(const char *dir, const char *name, mode_t mode, const char *text)
{
	char path[PATH_MAX], next[PATH_MAX];
	size_t len = strlen(text);
	cleanup_close int fd = -1;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    snprintf(next, sizeof(next), "%s/%s.new", dir, name) >= (int)sizeof(next))
		return -ENAMETOOLONG;
	if (unlink(next) && errno != ENOENT)
		return -errno;
	fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len || fchmod(fd, mode) || fsync(fd) || rename(next, path)) {
		int err = errno ? -errno : -EIO;

		unlink(next);
		return err;
	}
	return 0;
}

/* Reads hexadecimal digits from a regular file. -EBADMSG: it holds something else. */
static int read_hex(const char *path, uint8_t *ret, size_t len)
{
	cleanup_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[2 * CHAIN_SECRET + 2] = { 0 };
	struct stat st;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return -EBADMSG;
	if (read(fd, text, sizeof(text) - 1) < 0)
		return -errno;
	text[strcspn(text, "\n")] = '\0';
	r = chain_unhex(ret, len, text) ? 0 : -EBADMSG;
	sodium_memzero(text, sizeof(text));
	return r;
}

static int make_key(const char *dir, struct chain_key *ret, struct errmsg *e)
{
	char text[2 * CHAIN_SECRET + 2];
	int r;

	crypto_sign_keypair(ret->pub, ret->secret);
	chain_hex(text, ret->secret, CHAIN_SECRET);
	strcat(text, "\n");
	r = write_file(dir, "store.key", 0600, text);
	sodium_memzero(text, sizeof(text));
	return r ? errmsg_set(e, r, "cannot make %s/store.key: %s", dir, strerror(-r)) : 0;
}

int chain_key_load(const char *dir, struct chain_key *ret, struct errmsg *e)
{
	char path[PATH_MAX], text[2 * CHAIN_PUBLIC + 2];
	uint8_t beside[CHAIN_PUBLIC];
	int r;

	if (snprintf(path, sizeof(path), "%s/store.key", dir) >= (int)sizeof(path))
		return errmsg_set(e, -ENAMETOOLONG, "the store's folder has too long a name");
	r = read_hex(path, ret->secret, CHAIN_SECRET);
	if (r == -ENOENT) {
		r = make_key(dir, ret, e);
		if (r)
			return r;
	} else if (r) {
		return errmsg_set(e, r, "cannot read the store's key %s: %s", path,
				  r == -EBADMSG ? "it holds no key: restore it, or move it away to have a new one" : strerror(-r));
	}
	crypto_sign_ed25519_sk_to_pk(ret->pub, ret->secret);
	snprintf(path, sizeof(path), "%s/store.pub", dir);
	if (!read_hex(path, beside, CHAIN_PUBLIC) && !memcmp(beside, ret->pub, CHAIN_PUBLIC))
		return 0;
	chain_hex(text, ret->pub, CHAIN_PUBLIC);
	strcat(text, "\n");
	r = write_file(dir, "store.pub", 0644, text);
	return r ? errmsg_set(e, r, "cannot write %s: %s", path, strerror(-r)) : 0;
}

int chain_public_load(const char *text_or_path, uint8_t ret[CHAIN_PUBLIC])
{
	return chain_unhex(ret, CHAIN_PUBLIC, text_or_path) ? 0 : read_hex(text_or_path, ret, CHAIN_PUBLIC);
}
