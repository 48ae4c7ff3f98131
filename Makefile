# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copyright (c) 2026 The sluice authors
#
# Everything that is built lands under build/. `make help` lists the targets.
#   V=1         show the commands
#   SAN=1       address and undefined-behaviour sanitizers (own folder: build-san/)
#   STATIC=1    no shared library at run time (own folder: build-static/)
#   WERROR=1    warnings are errors (CI sets it)
#   ARCH=arm64  for another architecture than this machine's (own folder: build-arm64/). The cross compiler is
#               CROSS_COMPILE (aarch64-linux-gnu-), headers and libraries are below SYSROOT (what tools/sysroot keeps;
#               SYSROOT= for those that the cross compiler finds by itself)

V ?= 0
SAN ?= 0
STATIC ?= 0
WERROR ?= 0
# By libbpf's names. The compiler knows what it compiles for; before there is one, uname does.
arch_of = $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(patsubst amd64,x86,$(1))))
HOST_ARCH := $(call arch_of,$(shell uname -m))
ARCH :=
override ARCH := $(call arch_of,$(ARCH))
ifneq ($(filter-out $(HOST_ARCH),$(ARCH)),)
CROSS_COMPILE ?= $(patsubst arm64,aarch64,$(patsubst x86,x86_64,$(ARCH)))-linux-gnu-
endif
CC = $(CROSS_COMPILE)gcc
ifeq ($(ARCH),)
override ARCH := $(call arch_of,$(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null || uname -m))))
endif
ifeq ($(filter x86 arm64,$(ARCH)),)
$(error sluice builds for x86_64 and aarch64, not for $(ARCH))
endif
CROSS := $(filter-out $(HOST_ARCH),$(ARCH))
ifneq ($(CROSS),)
SYSROOT ?= $(shell tools/sysroot path $(ARCH))
endif
ifneq ($(SYSROOT),)
override CC += --sysroot=$(SYSROOT)
endif
CLANG ?= $(eval CLANG := $$(shell tools/deps path clang 2>/dev/null || echo clang))$(CLANG)
# One that runs: Ubuntu's /usr/sbin/bpftool is a script that fails without the tools of the running kernel. Asked when first used.
BPFTOOL ?= $(eval BPFTOOL := $$(shell tools/deps path bpftool || echo bpftool))$(BPFTOOL)
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=

VERSION := 0.1.0
OUT := build$(if $(CROSS),-$(ARCH))$(if $(filter 1,$(SAN)),-san)$(if $(filter 1,$(STATIC)),-static)
ifneq ($(words $(OUT)),1)
$(error OUT: make cannot build in a folder with blanks in its name: use a relative one)
endif
Q := $(if $(filter 1,$(V)),,@)
comma := ,
# A word for the shell, whatever is in it.
quote = '$(subst ','\'',$(1))'
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)';)

.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
.SECONDARY:

# ---- flags -----------------------------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wundef -Wvla -Wwrite-strings -Wcast-qual -Wimplicit-fallthrough -Wnull-dereference \
	-Wduplicated-cond -Wlogical-op -Wdate-time -Werror=implicit-function-declaration \
	-Werror=incompatible-pointer-types $(if $(filter 1,$(WERROR)),-Werror)
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE -fno-common -fno-strict-aliasing \
	$(if $(filter x86,$(ARCH)),-fcf-protection=full) $(if $(filter arm64,$(ARCH)),-mbranch-protection=standard)
ifeq ($(SAN),1)
OPT := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
OPT := -O2 -D_FORTIFY_SOURCE=2
endif
# The same bytes in whatever folder this is built.
SAME := -ffile-prefix-map=$(call quote,$(CURDIR))=. $(if $(SYSROOT),-ffile-prefix-map=$(SYSROOT)=)
CPPFLAGS_ALL := -D_GNU_SOURCE -DSLUICE_VERSION='"$(VERSION)"' -DSLUICE_SHIPPED='"$(PREFIX)/share/sluice/policies"' \
	$(if $(filter 1,$(STATIC)),-DSLUICE_STATIC) -Iinclude -Isrc -isystem $(OUT)/gen $(CPPFLAGS)
CFLAGS_ALL := -std=gnu17 -g $(SAME) $(WARN) $(HARDEN) $(OPT) $(CFLAGS)
# musl-gcc knows -static only: with -static-pie it names a loader all the same.
STATIC_LINK ?= -static-pie
LDFLAGS_ALL := $(if $(filter 1,$(STATIC)),$(STATIC_LINK),-pie) -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed \
	$(if $(filter 1,$(SAN)),-fsanitize=address -fsanitize=undefined) $(SYSROOT_LIBS) $(LDFLAGS)

MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
# Of these a C library may have none (musl), or a distribution none to link statically (Fedora): the commands that need them are
# then left out, and say so.
hash := \#
has_header = $(shell echo '$(hash)include <$(1)>' | $(CC) $(CPPFLAGS) -DPCRE2_CODE_UNIT_WIDTH=8 -E -o /dev/null - 2>/dev/null && echo yes)
has_library = $(if $(filter 1,$(STATIC)),$(findstring /,$(shell $(CC) -print-file-name=lib$(1).a)),yes)
LACKS := $(strip $(foreach lib,json-c|json-c/json.h sqlite3|sqlite3.h sodium|sodium.h zstd|zstd.h pcre2-8|pcre2.h,$(if $(and \
	$(call has_header,$(lastword $(subst |, ,$(lib)))),$(call has_library,$(firstword $(subst |, ,$(lib))))),,$(firstword $(subst |, ,$(lib))))))
# Where the linker finds what the libraries themselves need.
SYSROOT_LIBS := $(foreach dir,$(if $(SYSROOT),/lib /usr/lib),-Wl,-rpath-link,$(SYSROOT)$(dir)/$(MULTIARCH))
ifeq ($(STATIC),1)
# With what they need in turn: that differs from one release of libelf to the next.
LIBS = -Wl,--start-group $(shell $(if $(SYSROOT),PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(MULTIARCH)/pkgconfig) $(PKG_CONFIG) --static --libs libbpf libelf zlib yaml-0.1 $(if $(LACKS),,json-c sqlite3 libsodium libzstd libpcre2-8)) -lm -Wl,--end-group
# libelf.a of elfutils 0.192 (Debian 13) lacks an object that it refers to.
LIBELF_A := $(shell $(CC) -print-file-name=libelf.a)
ELF_REST := $(if $(shell nm $(LIBELF_A) 2>/dev/null | grep ' U eu_search_tree_init$$'),$(if \
	$(shell nm $(LIBELF_A) 2>/dev/null | grep ' T eu_search_tree_init$$'),,$(OUT)/tools/libelf_rest.o))
else
LIBS := -lbpf -lelf -lz -lyaml $(if $(LACKS),,-ljson-c -lsqlite3 -lsodium -lzstd -lpcre2-8) -lm
endif

BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g $(SAME) -std=gnu17 -Wall -Wextra $(if $(filter 1,$(WERROR)),-Werror) -Wno-unused-parameter \
	-Wno-unknown-warning-option -Wno-default-const-init-var-unsafe \
	-D__TARGET_ARCH_$(ARCH) -Iinclude -Ibpf -MMD -MP \
	-idirafter $(SYSROOT)/usr/include/$(MULTIARCH) -idirafter $(SYSROOT)/usr/include

# ---- files -----------------------------------------------------------------------------------------------------------

# Sorted: the order of objects is an order in the program.
LIB_SRC := $(sort $(wildcard src/*/*.c) $(filter-out src/main.c,$(wildcard src/*.c)))
ifneq ($(LACKS),)
CPPFLAGS_ALL += -DSLUICE_LACKS='"$(LACKS)"'
STORE_SRC := $(addprefix src/store/,chain.c store.c trim.c writer.c query.c verify.c facts.c stories.c) src/evidence/%
LIB_SRC := $(filter-out src/audit/% src/scan/% src/process/sqlimage.c src/cli/audit% src/cli/scan% src/cli/log% src/cli/report.c src/cli/live_store.c $(STORE_SRC),$(LIB_SRC))
endif
LIB_OBJ := $(LIB_SRC:%.c=$(OUT)/%.o)
# In this order: the linker of libbpf 1.1 wants the definitions before the files that refer to them, and fails
# ("Relocation failed") on some orders of the rest. twins holds process, file and peers.
BPF_SRC := $(addprefix bpf/,$(addsuffix .bpf.c,maps label path words moved links alias roots owner made exception epoch image guard twins broker units connect names flow follow handed))
BPF_OBJ := $(BPF_SRC:bpf/%.bpf.c=$(OUT)/bpf/%.bpf.o)
SKEL := $(OUT)/gen/sluice.skel.h
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(OUT)/tests/unit/%)
# What tests need of the library: all of it but the kernel side.
PURE_OBJ := $(filter-out $(OUT)/src/kernel/% $(OUT)/src/cli/% $(OUT)/src/agent.o,$(LIB_OBJ))
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
TRIGGER_SRC := $(wildcard tools/triggers/*.c)
TRIGGERS := $(TRIGGER_SRC:tools/triggers/%.c=$(OUT)/triggers/%)
EVASION_SRC := $(filter-out %/preload.c,$(wildcard tests/e2e/evasion/*.c))
EVASION := $(EVASION_SRC:tests/e2e/evasion/%.c=$(OUT)/evasion/%) $(OUT)/evasion/preload.so \
	$(addprefix $(OUT)/evasion/,ext4.image vfat.image exfat.image)

.PHONY: all
all: check-deps $(OUT)/sluice

# Plain `make` installs nothing: it names what is missing. `tools/deps` installs.
.PHONY: check-deps
check-deps:
	@$(if $(CROSS),SYSROOT='$(SYSROOT)') tools/deps check $(if $(CROSS),cross,build)

# One file that runs on any Linux of this architecture: policies and programs are in it, and no library is needed.
.PHONY: static static-file
static:
	@$(if $(CROSS),SYSROOT='$(SYSROOT)') tools/deps check $(if $(CROSS),cross,static)
	$(Q)$(MAKE) --no-print-directory STATIC=1 static-file
static-file: $(OUT)/sluice
	@echo "  $(OUT)/sluice: copy it alone"

$(OUT)/sluice: $(OUT)/src/main.o $(OUT)/libsluice.a $(ELF_REST) $(if $(filter 1,$(STATIC)),$(if $(LACKS),,$(OUT)/tools/no_dlopen.o))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) $(if $(filter %/no_dlopen.o,$^),-Wl$(comma)--wrap=dlopen) -o $@ $^ $(LIBS)

$(OUT)/libsluice.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcsD $@ $^

$(OUT)/libpure.a: $(PURE_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcsD $@ $^

$(OUT)/src/%.o: src/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(OUT)/tools/%.o: tools/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

# It carries the lists.
$(OUT)/src/cli/shipped.o: $(wildcard policies/*.yaml policies/*.tsv)

# Only kernel/ sees the skeletons.
$(filter $(OUT)/src/kernel/%,$(LIB_OBJ)): $(SKEL)

$(OUT)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

$(OUT)/bpf/sluice.o: $(BPF_OBJ)
	$(call say,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(OUT)/gen/sluice.skel.h: $(OUT)/bpf/sluice.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name sluice_bpf > $@

# ---- tests -----------------------------------------------------------------------------------------------------------

# An unused test function is an error.
$(OUT)/tests/unit/%: tests/unit/%.c $(OUT)/libpure.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) -Werror=unused-function -MMD -MP -MF $@.d $(LDFLAGS_ALL) \
		-o $@ $< $(OUT)/libpure.a -lcmocka -lyaml -ljson-c -lsqlite3 -lsodium -lzstd -lpcre2-8 -lz -lm

.PHONY: unit
unit: $(UNIT_BIN)
	$(Q)$(if $(CROSS),tests/vm/unit $(CROSS)-6.12,tests/run-unit $(OUT)) $(UNIT_BIN)

$(OUT)/triggers/%: tools/triggers/%.c tools/triggers/trigger.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu17 -O2 -g -Wall -Wextra $(LDFLAGS) -o $@ $< -lpthread

# On arm64, 32-bit calls need a 32-bit program; without a compiler for one it says at run time that it cannot.
CC32 := $(if $(filter arm64,$(ARCH)),$(shell command -v arm-linux-gnueabihf-gcc))
ifneq ($(CC32),)
$(OUT)/triggers/compat: tools/triggers/compat.c tools/triggers/trigger.h
	$(call say,CC32,$@)
	@mkdir -p $(@D)
	$(Q)$(CC32) -static -D_GNU_SOURCE -std=gnu17 -O2 -g -Wall -Wextra -o $@ $<
endif

.PHONY: triggers
triggers: $(TRIGGERS) $(EVASION)

$(OUT)/evasion/%: tests/e2e/evasion/%.c tests/e2e/evasion/evade.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu17 -O2 -g -Wall -Wextra $(LDFLAGS) -o $@ $< -lpthread

# File systems whose directories ignore case.
$(OUT)/evasion/ext4.image: | $(OUT)/evasion/calls
	$(Q)rm -f $@ && mke2fs -q -t ext4 -O ^has_journal,casefold -E encoding=utf8 $@ 2M >/dev/null

$(OUT)/evasion/vfat.image: | $(OUT)/evasion/calls
	$(Q)rm -f $@ && mkfs.vfat -C $@ 512 >/dev/null

$(OUT)/evasion/exfat.image: | $(OUT)/evasion/calls
	$(Q)rm -f $@ && truncate -s 2M $@ && mkfs.exfat -b 64K -c 4K $@ >/dev/null

$(OUT)/evasion/preload.so: tests/e2e/evasion/preload.c tests/e2e/evasion/evade.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu17 -O2 -g -Wall -Wextra -fPIC -shared $(LDFLAGS) -o $@ $<

.PHONY: clean
clean:
	rm -rf build build-san build-static build-musl build-arm64* build-x86*

-include Makefile.targets
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
