#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copyright (c) 2026 The sluice authors
#
# No false block: ordinary work in a session, under policies/enforce.yaml and with everything refused that it refuses, comes out
# as it does without sluice: tests/e2e/build.sh BUILD. Work is what is there of git, make and the compiler, python, npm (with
# packages of its own, no network) and cargo. Root, a cgroup v2; what is missing is skipped with the reason.
set -u
build=$1
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
passed=0 failed=0 skipped=0

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "    FAILED  $1"; }
skip() { skipped=$((skipped + 1)); echo "    skipped $1"; }
ending() { echo "$passed passed, $failed failed, $skipped skipped"; [ "$failed" -eq 0 ]; exit; }

[ "$(id -u)" -eq 0 ] || { skip "not root"; ending; }
root=$(sed -n 's/^[^ ]* \([^ ]*\) cgroup2 .*/\1/p' /proc/mounts | head -n 1)
[ -n "$root" ] || { skip "no cgroup v2 is mounted"; ending; }
sluice=$(realpath "$build/sluice") decoy=$(command -v busybox) || { skip "no busybox"; ending; }

T=$(mktemp -d /tmp/sluice-build.XXXXXX)
cgroup=$root/sluice-build-$$
mkdir "$cgroup" "$T/tool"
agent=
cleanup() {
	[ -z "$agent" ] || kill "$agent" 2>/dev/null
	rmdir "$cgroup" 2>/dev/null || true
	rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
cp "$decoy" "$T/tool/sh"
cat >"$T/policy.yaml" <<EOF
version: 1
mode: enforce
guard: off
include: [$top/policies/enforce.yaml]
tools:
  decoy: {exe: ["$T/tool/*"]}
EOF

# ---- the work -----------------------------------------------------------------------------------------------------------

# Each step works in the folder $1/NAME and leaves what can be compared there.
cat >"$T/steps" <<'EOF'
export HOME=$1/home GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' SOURCE_DATE_EPOCH=1767225600
export GIT_CONFIG_NOSYSTEM=1 npm_config_update_notifier=false npm_config_audit=false npm_config_fund=false CARGO_NET_OFFLINE=true
export PYTHONHASHSEED=0 PYTHONPYCACHEPREFIX=$1/pycache
step_git() {
	git init -q -b main . && git config user.name ann && git config user.email ann@example.com
	mkdir config && echo "SECRET=sample" >.env.example && echo "key: value" >config/settings.yaml && echo .env >.gitignore
	git add . && git commit -qm "begin" && git checkout -qb topic && echo more >>config/settings.yaml && git commit -qam "more"
	git checkout -q main && git merge -q --no-ff -m merge topic && git log --format=%H >log && git clone -q . clone && git -C clone fsck
	git gc -q && git stash list && git diff HEAD~1 >diff && rm -rf clone .git/index
}
step_make() {
	printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' >main.c
	printf 'int add(int a, int b) { return a + b; }\n' >add.c
	printf 'all: hello libadd.a\nhello: main.c\n\t$(CC) -O2 -g0 -o $@ main.c\nlibadd.a: add.o\n\tar rcD $@ add.o\nadd.o: add.c\n\t$(CC) -O2 -c add.c\n' >Makefile
	make -s -j2 && ./hello >out && make -s -n >again && tar --sort=name --mtime=@0 --owner=0 --group=0 -cf all.tar hello libadd.a && gzip -n all.tar
}
step_python() {
	mkdir -p pkg tests && echo 'VALUE = 42' >pkg/__init__.py
	printf 'import unittest\nimport pkg\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(pkg.VALUE, 42)\n' >tests/test_pkg.py
	touch tests/__init__.py && python3 -m unittest -q 2>/dev/null && python3 -c 'import pkg, json, ssl; print(json.dumps(pkg.VALUE))' >out
}
step_npm() {
	mkdir dep app && echo '{"name":"dep","version":"1.0.0","main":"i.js"}' >dep/package.json && echo 'module.exports = 7' >dep/i.js
	(cd dep && npm pack --silent >/dev/null) && cd app && echo '{"name":"app","version":"1.0.0","scripts":{"test":"node t.js"}}' >package.json
	echo 'if (require("dep") !== 7) process.exit(1)' >t.js && npm install --silent --offline ../dep/dep-1.0.0.tgz && npm test --silent && npm ls --json >../ls.json
}
step_cargo() {
	cargo new -q --vcs none hi && cd hi && cargo build -q --release && ./target/release/hi >../out && rm -rf target
}
mkdir -p "$HOME" "$1/$2" && cd "$1/$2" && "step_$2" && exit 0
exit 1
EOF

# What a step left, without what differs from run to run.
tree() {
	(cd "$1" && find . -path ./.git -prune -o -type f -print | LC_ALL=C sort | xargs -r sha256sum)
}

has() {
	case $1 in
	git | python) command -v git >/dev/null && command -v python3 >/dev/null ;;
	make) command -v make >/dev/null && command -v cc >/dev/null && command -v ar >/dev/null ;;
	npm) command -v npm >/dev/null && command -v node >/dev/null ;;
	cargo) HOME=/nonexistent cargo --version >/dev/null 2>&1 ;;
	esac
}

steps=
for step in git make python npm cargo; do
	if has $step; then steps="$steps $step"; else skip "$step: not here"; fi
done
# The same folder both times: some tools write where they are into what they make.
for step in $steps; do
	"$T/tool/sh" -c '/bin/sh "$0" "$1" "$2"; exit $?' "$T/steps" "$T/work" "$step" >"$T/$step.log" 2>&1 ||
		bad "$step does not work without sluice: $(tail -n 1 "$T/$step.log")"
	tree "$T/work/$step" >"$T/$step.plain"
done
rm -rf "$T/work"

"$sluice" trace --policy "$T/policy.yaml" --enforce --cgroup "$cgroup" --json -o "$T/events" 2>"$T/err" &
agent=$!
tries=0
until grep -q '^sluice: ready' "$T/err" || [ $tries -gt 300 ]; do
	kill -0 $agent 2>/dev/null || { bad "sluice: $(tail -n 1 "$T/err")"; agent=; ending; }
	tries=$((tries + 1))
	sleep 0.1
done
for step in $steps; do
	if "$T/tool/sh" -c '/bin/sh "$0" "$1" "$2"; exit $?' "$T/steps" "$T/work" "$step" >"$T/$step.log" 2>&1; then
		ok
	else
		bad "$step fails in a session: $(tail -n 1 "$T/$step.log")"
	fi
	tree "$T/work/$step" >"$T/$step.watched"
	if cmp -s "$T/$step.plain" "$T/$step.watched"; then
		ok
	else
		bad "$step leaves something else: $(diff "$T/$step.plain" "$T/$step.watched" | sed -n 2p)"
	fi
done
# And what the policy does name is refused all the same.
echo "TOKEN=not-really" >"$T/work/.env"
"$T/tool/sh" -c 'cat "$0"; exit 0' "$T/work/.env" >"$T/got" 2>/dev/null
if [ -s "$T/got" ]; then bad "the secret was read"; else ok; fi
kill -INT $agent
wait $agent
agent=
refused=$(grep -c '"taken":"[a-z]*"' "$T/events")
if [ "$refused" -eq 1 ] && grep '"taken":"[a-z]*"' "$T/events" | grep -q "work/.env"; then
	ok
else
	bad "refused: $(grep '"taken":"[a-z]*"' "$T/events" | grep -v work/.env | head -n 2)"
fi
echo "  built in a session, under enforce.yaml:$steps; events: $(wc -l <"$T/events")"
ending
