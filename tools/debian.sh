# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copyright (c) 2026 The sluice authors
# shellcheck shell=sh
#
# Debian packages that are unpacked and not installed: sourced by tests/vm/kernel, tests/compilers/get and tools/sysroot.
# Environment: SLUICE_CACHE, SLUICE_DEBIAN_MIRROR (where Debian is, when apt's own sources do not say).

# shellcheck disable=SC2034
cache=${SLUICE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/sluice}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keyring" ] || keyring=/usr/share/keyrings/debian-archive-keyring.pgp

# debian_mirror main|security: where this machine gets Debian from, never a name of ours.
debian_mirror() {
	if [ -n "${SLUICE_DEBIAN_MIRROR:-}" ]; then
		case $1 in
		main) echo "$SLUICE_DEBIAN_MIRROR" ;;
		security) echo "${SLUICE_DEBIAN_MIRROR%/}-security" ;;
		esac
		return
	fi
	case $1 in main) label='Debian' ;; security) label='Debian-Security' ;; esac
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		sed -n "s/^Debian|$label|//p" | head -n 1
}

# debian_apt DIR ARCH SUITE[,SUITE...] main|security: makes apt work in DIR on these suites alone, with Debian's keyring and nothing
# installed, and fetches its lists. Calls unavailable REASON, which the caller defines, where that cannot be.
debian_apt() {
	command -v apt-get >/dev/null 2>&1 || unavailable "this machine has no apt"
	[ -e "$keyring" ] || unavailable "Debian's keyring is missing (package debian-archive-keyring)"
	mirror=$(debian_mirror "$4")
	[ -n "$mirror" ] || unavailable "apt knows no Debian mirror (set SLUICE_DEBIAN_MIRROR)"
	mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial"
	: >"$1/status"
	echo "$3" | tr ',' '\n' | sed "s|.*|deb [arch=$2 signed-by=$keyring] $mirror & main|" >"$1/sources.list"
	cat >"$1/apt.conf" <<-EOC
		Dir::State "$1/state";
		Dir::State::status "$1/status";
		Dir::Cache "$1/cache";
		Dir::Etc::sourcelist "$1/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::Etc::preferences "-";
		Dir::Etc::preferencesparts "-";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
		APT::Sandbox::User "root";
		APT::Architecture "$2";
		APT::Architectures { "$2"; };
	EOC
	export APT_CONFIG="$1/apt.conf"
	apt-get -qq -o APT::Update::Error-Mode=any update >"$1/log" 2>&1 ||
		unavailable "apt-get update of $3 failed: $(tail -n 1 "$1/log")"
}
