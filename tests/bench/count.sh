#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copyright (c) 2026 The sluice authors
#
# What sluice costs, in instructions: tests/bench/count.sh BUILD [KERNEL...]
# A guest with one processor where a virtual nanosecond is one instruction (repeatable to 0.1 %, whatever else this machine
# does) runs bench without BPF, with an empty program on each hook, and with sluice: for a bystander, for a program of a
# session on a file of no interest, and for one that opens a secret each time. Instructions are no cycles: caches and
# contention are not in these figures. fork and exec spread by 3 % (page allocation), everything else by 0.1 %.
#   V=1        the guest's raw output
#   ONLY=net   the network alone, under the shipped policy, in the first tier
#   ONLY=open  file opens alone, and what it costs to enforce
#   LIMIT=N    seconds that a guest may take (600)
set -eu

build=$1
shift
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
[ $# -gt 0 ] || set -- 6.1

for kernel in "$@"; do
	for lsm in bpf no-bpf; do
		[ "${ONLY:-}:$lsm" != net:no-bpf ] || break
		list=lockdown,capability,landlock,yama,apparmor
		[ "$lsm" = no-bpf ] || list=$list,bpf
		status=0
		"$here/../vm/run" --kernel "$kernel" --append "lsm=$list" --icount --timeout "${LIMIT:-600}" --files "$build/sluice:/t/sluice" \
			--files "$here/count-guest" --files "$build/triggers/bench" --files "$build/triggers/decoy" \
			--files "$build/bench/empty" --files "$build/bench/empty.bpf.o" --files "$here/../../policies:/t/policies" \
			-- sh count-guest "$lsm" "${ONLY:-}" >"$work/raw" 2>"$work/err" || status=$?
		if [ "$status" -eq 3 ]; then
			echo "bench: $kernel: skipped: $(tail -n 1 "$work/err")"
			break
		fi
		[ -z "${V:-}" ] || cat "$work/raw"
		echo "Linux $kernel, lsm=$list: instructions per operation, and more than without BPF"
		# raw: "== CONFIGURATION", then lines "OPERATION VALUE"
		awk '
			/^== / { config = substr($0, 4); order[++configs] = config; next }
			NF == 2 && $2 + 0 > 0 { value[config, $1] = $2; if (!($1 in known)) { known[$1]; ops[++cnt] = $1 } next }
			{ other = other "  ! " $0 "\n" }
			END {
				printf "  %-36s", ""
				for (i = 1; i <= cnt; i++) printf " %16s", ops[i]
				printf "\n"
				for (c = 1; c <= configs; c++) {
					printf "  %-36s", order[c]
					for (i = 1; i <= cnt; i++) {
						v = value[order[c], ops[i]]
						if (v == "") printf " %16s", "-"
						else if (c == 1) printf " %16.0f", v
						else printf " %8.0f %+7.0f", v, v - value[order[1], ops[i]]
					}
					printf "\n"
				}
				printf "%s", other
			}' "$work/raw"
		cat "$work/err" >&2
	done
done
