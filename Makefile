# Toride: `make help` lists the targets. Binaries go to build/; build/toride runs from the tree.
BUILD ?= build
CC ?= gcc
SANITIZE ?=
PREFIX ?= /usr/local
VERSION := 0.1.0

PACKAGES_BUILD := gcc make pkg-config libc6-dev libvirt-dev libyaml-dev libmicrohttpd-dev libsqlite3-dev libjansson-dev \
	libsodium-dev libseccomp-dev libxml2-dev libcmark-dev libsystemd-dev libcurl4-openssl-dev libnftnl-dev libmnl-dev libpcap-dev \
	libldap-dev
PACKAGES_RUN := libvirt-daemon-system libvirt-daemon-driver-lxc libvirt-clients dnsmasq-base mmdebstrap nftables iproute2 jq
PACKAGES_CHECK := libcmocka-dev bats jq
PACKAGES_TEST := curl chromium fonts-noto-cjk sqlite3 tcpdump procps openssl e2fsprogs
PACKAGES_DEV := clang clang-format clang-tidy libclang-rt-14-dev shellcheck wrk nginx-light podman crun
# Where npm comes from elsewhere, Debian's package of it would be in its way.
PACKAGES_WEB := $(if $(shell command -v npm 2>/dev/null),,nodejs npm)

.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
Q := $(if $(V),,@)
ROOT := $(filter 0,$(shell id -u))
# A make inside make: on all processors, unless the outer one was told how many.
MAKE_ANEW = $(MAKE) --no-print-directory $(if $(V),,-s) $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

LIBRARIES := libvirt libvirt-lxc yaml-0.1 sqlite3 jansson libsodium libxml-2.0 libcmark libsystemd libcurl libnftnl libmnl libpcap
LIBRARIES_BOARD := libmicrohttpd jansson libseccomp libsystemd
LIBRARIES_SIGN_OUT := lber
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
HARDENING := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
CFLAGS ?= -O2 -g
ifneq ($(SANITIZE),)
HARDENING := -fPIE -fno-omit-frame-pointer -fsanitize=$(SANITIZE)
LDFLAGS += -fsanitize=$(SANITIZE)
endif
FLAGS = -std=gnu17 $(WARNINGS) $(HARDENING) -D_GNU_SOURCE -DTORIDE_VERSION='"$(VERSION)"' -Iinclude -MMD -MP $(CFLAGS)
LINK = -pie -Wl,-z,relro,-z,now $(LDFLAGS)
pkg_libs = $(shell pkg-config --libs $(1))
LIBRARY_FLAGS := $(shell pkg-config --cflags $(LIBRARIES) $(LIBRARIES_BOARD) $(LIBRARIES_SIGN_OUT) 2>/dev/null)

# What the parts are made of: the library holds every stage; each program adds its own files.
SOURCES_COMMON := $(wildcard common/*.c)
SOURCES_LIBRARY := $(SOURCES_COMMON) $(wildcard orchestrator/scenario/*.c orchestrator/plan/*.c orchestrator/range/*.c \
	orchestrator/verify/*.c orchestrator/exercise/*.c orchestrator/journal/*.c orchestrator/serve/*.c attacker/*.c scoreboard/score/*.c scoreboard/view/*.c)
SOURCES_TORIDE := orchestrator/main.c $(wildcard orchestrator/cmd/*.c)
SOURCES_BOARD := $(wildcard scoreboard/*.c)
SOURCES_GUEST := $(wildcard attacker/guest/*.c orchestrator/guest/*.c)
# Of the common ones, what needs a library that no program of the host needs.
SOURCES_SIGN_OUT := common/netlogon.c
SOURCES_UNIT := $(wildcard tests/unit/test_*.c)
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

TORIDE := $(BUILD)/toride
BOARD := $(if $(SOURCES_BOARD),$(BUILD)/toride-scoreboard)
GUESTS := $(addprefix $(BUILD)/guest/,$(basename $(notdir $(SOURCES_GUEST))))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(SOURCES_UNIT))

.PHONY: all deps demo check check-unit check-golden check-range check-web bench lint fuzz install clean help
all: $(TORIDE) $(BOARD) $(GUESTS) ## build everything into build/

$(BUILD)/libtoride.a: $(call objects,$(SOURCES_LIBRARY))
	$(call say,AR,$@)
	$(Q)rm -f $@; ar rcs $@ $^

$(TORIDE): $(call objects,$(SOURCES_TORIDE)) $(BUILD)/libtoride.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LINK) -o $@ $^ $(call pkg_libs,$(LIBRARIES)) -lpthread

$(BOARD): $(call objects,$(SOURCES_BOARD) $(filter-out $(SOURCES_SIGN_OUT),$(SOURCES_COMMON))) $(BUILD)/web/assets.o
	$(call say,LD,$@)
	$(Q)$(CC) $(LINK) -o $@ $^ $(call pkg_libs,$(LIBRARIES_BOARD)) -lpthread

# The pages: bundled, then embedded. npm takes what package-lock.json says, and runs no package's scripts.
WEB := scoreboard/web
WEB_PACKAGES := $(WEB)/node_modules/.package-lock.json
$(WEB_PACKAGES): $(WEB)/package.json $(WEB)/package-lock.json
	$(call say,NPM,$(WEB))
	$(Q)cd $(WEB) && npm ci --ignore-scripts --no-progress --no-audit --no-fund --loglevel=error >/dev/null && touch node_modules/.package-lock.json

.PHONY: web-tests lint-web
web-tests: tests/web/node_modules/.package-lock.json
tests/web/node_modules/.package-lock.json: tests/web/package.json tests/web/package-lock.json
	$(call say,NPM,tests/web)
	$(Q)cd tests/web && npm ci --ignore-scripts --no-progress --no-audit --no-fund --loglevel=error >/dev/null && touch node_modules/.package-lock.json

lint: lint-web
lint-web: $(WEB_PACKAGES)
	$(call say,TSC,$(WEB))
	$(Q)cd $(WEB) && node_modules/.bin/tsc --noEmit

$(BUILD)/web/assets.S: $(WEB_PACKAGES) $(wildcard $(WEB)/*.mjs $(WEB)/*.html $(WEB)/*.svg $(WEB)/src/*)
	$(call say,BUNDLE,$@)
	$(Q)node $(WEB)/build.mjs $(BUILD)/web

$(BUILD)/web/assets.o: $(BUILD)/web/assets.S
	$(Q)$(CC) -c -Wa,-I$(BUILD)/web -o $@ $<

$(BUILD)/obj/scoreboard/assets.o: $(BUILD)/web/assets.S
$(BUILD)/obj/scoreboard/assets.o: FLAGS += -I$(BUILD)/web

$(BUILD)/guest/%: $(BUILD)/obj/attacker/guest/%.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) -o $@ $^ $(call pkg_libs,libcurl libmicrohttpd jansson)

# What runs in every guest, or in many: without a dynamic linker, which would be most of what its start costs.
$(BUILD)/guest/sign-out: $(call objects,$(SOURCES_SIGN_OUT))
$(BUILD)/guest/sign-out: LIBRARIES_GUEST := $(LIBRARIES_SIGN_OUT)
$(BUILD)/guest/init $(BUILD)/guest/sign-out: $(BUILD)/guest/%: $(BUILD)/obj/orchestrator/guest/%.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(if $(SANITIZE),$(LINK),-static) -o $@ $^ $(if $(LIBRARIES_GUEST),$(call pkg_libs,$(LIBRARIES_GUEST)))

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libtoride.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(call pkg_libs,$(LIBRARIES) cmocka $(LIBRARIES_TEST)) -lpthread

# They call the range and the attack without a daemon, for tests and measurements.
RANGE_TOOLS := $(BUILD)/range-tool $(BUILD)/attack-tool
$(RANGE_TOOLS): $(BUILD)/%: $(BUILD)/obj/tests/range/%.o $(BUILD)/libtoride.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LINK) -o $@ $^ $(call pkg_libs,$(LIBRARIES)) -lpthread
.PHONY: range-tools
range-tools: $(RANGE_TOOLS)
check-range: range-tools

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/libtoride.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) -o $@ $^ $(call pkg_libs,$(LIBRARIES)) -lpthread
.PHONY: bench-score bench-check bench-serve bench-up bench-lan
bench: deps-dev ## speed and memory as ratios against a baseline in the same run
	$(Q)$(MAKE) --no-print-directory all range-tools
	$(Q)$(TORIDE) doctor --fix >/dev/null
	$(Q)$(MAKE) --no-print-directory bench-score bench-check bench-serve bench-up bench-lan
bench-score: $(BUILD)/bench/score
	$(Q)$<
bench-check: all $(BUILD)/bench/yaml
	$(Q)tests/bench/check.bash
bench-serve: all
	$(Q)tests/bench/serve.bash
bench-up: all range-tools $(BUILD)/bench/plain
	$(Q)tests/bench/up.bash
bench-lan: all range-tools $(BUILD)/bench/plain
	$(Q)tests/bench/lan.bash

# Parts of the scoreboard process are in no library.
$(BUILD)/unit/test_sandbox: $(BUILD)/obj/scoreboard/sandbox.o
$(BUILD)/unit/test_sandbox: LIBRARIES_TEST := libseccomp
$(BUILD)/unit/test_netlogon fuzz-netlogon: LIBRARIES_TEST := $(LIBRARIES_SIGN_OUT)

$(BUILD)/obj/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(LIBRARY_FLAGS) -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# What guests and roles run: every shell script below scenarios/.
SCRIPTS_GUEST = $(shell grep -rlE '^\#!/bin/sh' scenarios)
lint: lint-scripts
.PHONY: lint-scripts
lint-scripts: ## shellcheck over the scripts of images and roles
	$(call say,LINT,scenarios)
	$(Q)shellcheck -s sh $(SCRIPTS_GUEST)

# Installs what is missing of the given packages, without questions. It waits for another apt (a new machine's first upgrade), and goes on
# where an earlier one was broken off. Without root this is an error, or, with a second argument, said and no more.
define install_packages
@missing=$$(for p in $(1); do dpkg-query -W -f='$${db:Status-Abbrev}' $$p 2>/dev/null | grep -q '^ii' || echo $$p; done); \
missing=$$(echo $$missing); \
if [ -n "$$missing" ] && [ "$$(id -u)" != 0 ]; then \
	$(if $(2),echo "missing (only root can install them; tests that need them are left out): $$missing"; exit 0;) \
	echo "error: these Debian packages are missing, and only root can install them: $$missing"; exit 1; \
elif [ -n "$$missing" ]; then \
	echo "installing $$missing"; export DEBIAN_FRONTEND=noninteractive; \
	log=$$(mktemp); install="apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 $$missing"; \
	{ $$install || { dpkg --configure -a; apt-get update -q && $$install; }; } >$$log 2>&1 </dev/null || \
		{ tail -n 20 $$log; echo "error: apt-get could not install them (log: $$log)"; exit 1; }; \
	rm -f $$log; \
fi
endef

deps: ## install the Debian packages that building and running need
	$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_RUN) $(PACKAGES_WEB))

deps-check: ## also those that the tests need; without root, what some tests need may be missing
	$(call install_packages,$(PACKAGES_BUILD) $(PACKAGES_WEB) $(PACKAGES_CHECK) $(if $(ROOT),$(PACKAGES_RUN) $(PACKAGES_TEST)))
	$(if $(ROOT),,$(call install_packages,$(PACKAGES_RUN) $(PACKAGES_TEST),soft))

deps-dev: deps-check ## also those of bench, lint and fuzz
	$(call install_packages,$(PACKAGES_DEV))

# What is installed first changes what the rest of this file finds: hence make anew.
demo: deps ## from a bare machine to a live board: install, build, prepare the host, play the shortest exercise
	$(if $(ROOT),,@echo "error: make demo makes containers and networks, which only root can"; exit 1)
	$(Q)$(MAKE_ANEW) all
	$(Q)$(TORIDE) doctor --fix
	$(Q)$(TORIDE) run scenarios/exercises/first-call.yaml --teams 2 --bot 1

check: deps-check ## all tests: unit, golden, range, web; ends with counts
	$(Q)$(MAKE_ANEW) all unit-programs range-tools web-tests
	$(if $(ROOT),$(Q)$(TORIDE) doctor --fix || true)
	$(Q)tests/run unit golden range web

check-unit: unit-programs ## unit tests (cmocka)
	$(Q)tests/run unit

check-golden: all ## golden files: errors, plan, schema, scores
	$(Q)tests/run golden

check-range: all ## tests on real containers of this host's libvirt
	$(Q)tests/run range

check-web: all web-tests ## the pages in a real browser, on a real exercise
	$(Q)tests/run web

.PHONY: unit-programs deps-check deps-dev
unit-programs: $(UNIT)

# Every parser that reads what others wrote has a fuzzer in tests/fuzz: built with clang and the library anew, run for a bounded time on the
# seeds that the tests hold. What it finds is left in build/fuzz/found.
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_SANITIZE := address,undefined
fuzz: deps-dev ## fuzz the parsers for FUZZ_SECONDS (60) each
	$(Q)$(MAKE) --no-print-directory CC=clang SANITIZE=$(FUZZ_SANITIZE),fuzzer-no-link BUILD=$(BUILD)/fuzz $(BUILD)/fuzz/libtoride.a
	$(Q)$(foreach f,$(FUZZERS),$(MAKE) --no-print-directory fuzz-$(f) &&) true

fuzz-%:
	$(call say,FUZZ,"$* for $(FUZZ_SECONDS) s")
	@mkdir -p $(BUILD)/fuzz/corpus/$* $(BUILD)/fuzz/found
	$(Q)clang $(filter-out -MMD -MP,$(FLAGS)) $(LIBRARY_FLAGS) -fsanitize=fuzzer,$(FUZZ_SANITIZE) -o $(BUILD)/fuzz/$* tests/fuzz/$*.c \
		$(BUILD)/fuzz/libtoride.a $(call pkg_libs,$(LIBRARIES) $(LIBRARIES_TEST)) -lpthread
	$(Q)$(BUILD)/fuzz/$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=16384 -verbosity=0 -print_final_stats=1 \
		$(if $(wildcard tests/fuzz/$*.dict),-dict=tests/fuzz/$*.dict) -artifact_prefix=$(BUILD)/fuzz/found/$*- \
		$(BUILD)/fuzz/corpus/$* $(FUZZ_SEEDS_$*)
FUZZ_SEEDS_scenario := scenarios/exercises scenarios/lans tests/fixtures tests/golden/errors
FUZZ_SEEDS_catalogue := attacker/abilities tests/fixtures/broken-data/attacker/abilities $(dir $(wildcard scenarios/roles/*/role.yaml))

SOURCES_C = $(shell find common orchestrator attacker scoreboard tests -name '*.c' -not -path '*/node_modules/*')
HEADERS = $(shell find include -name '*.h')
SCRIPTS = tests/run .ci/run $(shell find scenarios tests -type f -not -path '*/node_modules/*' -exec grep -lE '^\#!(/usr)?/bin/(env )?(sh|bash)' {} +)

lint: all ## format, clang-tidy, shellcheck, types of the pages; every header compiles alone
	$(Q)clang-format --dry-run -Werror $(SOURCES_C) $(HEADERS)
	$(Q)for h in $(HEADERS); do $(CC) $(filter-out -MMD -MP,$(FLAGS)) $(LIBRARY_FLAGS) -fsyntax-only -x c $$h || exit 1; done
	$(Q)printf '%s\n' $(SOURCES_C) | xargs -P 2 -n 8 -I{} clang-tidy --quiet {} -- -std=gnu17 -D_GNU_SOURCE -DTORIDE_VERSION='"$(VERSION)"' -Iinclude -I$(BUILD)/web $(LIBRARY_FLAGS)
	$(Q)shellcheck -x -S warning $(SCRIPTS)

install: all ## into PREFIX (/usr/local)
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(TORIDE) $(BOARD)
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/lib/toride/guest $(GUESTS)
	mkdir -p $(DESTDIR)$(PREFIX)/share/toride/attacker
	cp -r --no-preserve=ownership scenarios $(DESTDIR)$(PREFIX)/share/toride/
	cp -r --no-preserve=ownership attacker/abilities $(DESTDIR)$(PREFIX)/share/toride/attacker/

clean: ## remove build/
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "  %-13s %s\n", $$1, $$2}'
