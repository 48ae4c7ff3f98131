#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copyright (c) 2026 The sluice authors
#
# What the kernel once told of real AI tools must be judged today as it was then: every recording in tests/data/replay
# is replayed, and the JSON compared byte for byte with what is kept beside it, and so are the lines for people where they are
# kept (NAME.txt). Needs no root.
#
#   replay.sh [--accept]    --accept: keep the new answers (read the difference before committing it)
#
# New recordings come from tests/e2e/tools/record.

set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
sluice=${SLUICE:-$top/build/sluice}
passed=0 failed=0

[ -x "$sluice" ] || { echo "skip: $sluice is not built: run make"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for recording in "$top"/tests/data/replay/*.rec; do
	name=$(basename "$recording" .rec)
	expected=${recording%.rec}.jsonl
	if ! "$sluice" replay --json "$recording" >"$work/$name" 2>"$work/err"; then
		echo "FAIL $name: $(cat "$work/err")"
		failed=$((failed + 1))
	elif [ -e "${recording%.rec}.txt" ] && ! TZ=UTC "$sluice" replay "$recording" >"$work/$name.txt" 2>"$work/err"; then
		echo "FAIL $name: $(cat "$work/err")"
		failed=$((failed + 1))
	elif [ "${1-}" = --accept ]; then
		cp "$work/$name" "$expected"
		[ ! -e "$work/$name.txt" ] || cp "$work/$name.txt" "${recording%.rec}.txt"
		echo "kept $name: $(wc -l <"$expected") lines"
		passed=$((passed + 1))
	elif ! diff -u "$expected" "$work/$name" >"$work/diff"; then
		echo "FAIL $name: not what it was"
		head -n 20 "$work/diff"
		failed=$((failed + 1))
	elif [ -e "$work/$name.txt" ] && ! diff -u "${recording%.rec}.txt" "$work/$name.txt" >"$work/diff"; then
		echo "FAIL $name: not what people read then"
		head -n 20 "$work/diff"
		failed=$((failed + 1))
	else
		echo "ok   $name: $(wc -l <"$expected") lines"
		passed=$((passed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
