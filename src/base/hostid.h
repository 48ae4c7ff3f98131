/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Which host an event is of, for life: derived from /etc/machine-id as sd_id128_get_machine_app_specific(3) does it (HMAC-SHA256 with the
 * machine id as key and sluice's application id as message, cut to 128 bits, marked as a version 4 UUID), so that the machine id
 * itself, which is to be kept confidential, is in no event. `systemd-id128 machine-id -a HOSTID_APP` prints the same.
 */
#ifndef SLUICE_BASE_HOSTID_H
#define SLUICE_BASE_HOSTID_H

#define HOSTID_APP "7a1c5be0d24f4e0c9d63b18fe4a20c95"
#define HOSTID_SIZE 33   /* 32 hex digits and a NUL */

/*
 * machine_id, boot_id: 32 hex digits, boot_id with or without dashes; a newline may follow. Where the first is none ("" or
 * "uninitialized"), the host is known for this boot alone and boot_id takes its place; where both are, ret is 32 zeros.
 */
void hostid_derive(const char *machine_id, const char *boot_id, char ret[HOSTID_SIZE]);

#endif /* SLUICE_BASE_HOSTID_H */
