#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copyright (c) 2026 The sluice authors
#
# What a bulk transfer over the loopback loses that has nothing to do with any session: tests/bench/throughput.sh BUILD [ROUNDS]
# Wall time on this machine, of the same program in three cgroups by turns: one where sluice's network programs are attached, one with
# an empty program on each way of a packet, one with none. The best and the middle of ROUNDS (40) each. Root; a network namespace and
# cgroups of its own.
set -eu

build=$(realpath "$1") rounds=${2:-40}
here=$(realpath "$(dirname "$0")")
if [ -z "${THROUGHPUT_INSIDE:-}" ]; then
	exec env THROUGHPUT_INSIDE=1 unshare -n "$here/throughput.sh" "$build" "$rounds"
fi
ip link set lo up
root=$(sed -n 's/^[^ ]* \([^ ]*\) cgroup2 .*/\1/p' /proc/mounts | head -n 1)
home=$root$(sed -n 's/^0:://p' /proc/self/cgroup)
work=$(mktemp -d)
sides="none empty sluice"
for side in $sides; do mkdir "$root/sluice-bench-$side-$$"; done
sluice=''
cleanup() {
	[ -z "$sluice" ] || { kill -INT "$sluice"; wait "$sluice" || true; }
	echo $$ >"$home/cgroup.procs" || true
	for side in $sides; do rmdir "$root/sluice-bench-$side-$$" || true; done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

"$build/sluice" trace --policy "$here/../../policies/default.yaml" --cgroup "$root/sluice-bench-sluice-$$" --json -o /dev/null \
	>/dev/null 2>"$work/err" &
sluice=$!
until grep -q '^sluice: ready' "$work/err"; do
	kill -0 "$sluice" || { cat "$work/err"; exit 1; }
	sleep 0.1
done
i=0
while [ $i -lt "$rounds" ]; do
	for side in $sides; do
		echo $$ >"$root/sluice-bench-$side-$$/cgroup.procs"
		set --
		[ $side != empty ] || set -- "$build/bench/empty" "$build/bench/empty.bpf.o" egress ingress --
		EMPTY_CGROUP="$root/sluice-bench-empty-$$" "$@" "$build/triggers/bench" -b 5 -n 400 bulk 127.0.0.1 7 |
			sed -n 's/^bulk //p' >>"$work/$side"
	done
	i=$((i + 1))
done
echo "256 KiB over the loopback, nanoseconds: best, middle, and more than with none"
for side in $sides; do
	sort -n "$work/$side" | awk -v side=$side -v base="$work/base" '
		{ v[NR] = $1 }
		END {
			best = v[1]; middle = v[int((NR + 1) / 2)]
			if (side == "none") print best, middle >base
			else getline line <base
			split(line ? line : best " " middle, none, " ")
			printf "  %-8s %8.0f %8.0f %+7.2f %% %+7.2f %%\n", side, best, middle, (best / none[1] - 1) * 100, (middle / none[2] - 1) * 100
		}'
done
