# Toride: `make help` lists the targets. Binaries go to build/; build/toride runs from the tree.
BUILD ?= build
CC ?= gcc
SANITIZE ?=
PREFIX ?= /usr/local
VERSION := 0.1.0

PACKAGES_BUILD := gcc make pkg-config libc6-dev libvirt-dev libyaml-dev libmicrohttpd-dev libsqlite3-dev libjansson-dev \
	libsodium-dev libseccomp-dev libxml2-dev libcmark-dev libsystemd-dev libcurl4-openssl-dev
PACKAGES_RUN := libvirt-daemon-system libvirt-daemon-driver-lxc libvirt-clients dnsmasq-base mmdebstrap nftables iproute2 jq
PACKAGES_TEST := libcmocka-dev bats jq curl chromium fonts-noto-cjk sqlite3

.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

LIBRARIES := libvirt libvirt-lxc yaml-0.1 sqlite3 jansson libsodium libxml-2.0 libcmark libsystemd libcurl
LIBRARIES_BOARD := libmicrohttpd jansson libseccomp libsystemd
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
HARDENING := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
CFLAGS ?= -O2 -g
ifneq ($(SANITIZE),)
HARDENING := -fPIE -fno-omit-frame-pointer -fsanitize=$(SANITIZE)
LDFLAGS += -fsanitize=$(SANITIZE)
endif
FLAGS = -std=gnu17 $(WARNINGS) $(HARDENING) -D_GNU_SOURCE -DTORIDE_VERSION='"$(VERSION)"' -Iinclude -MMD -MP $(CFLAGS)
LINK = -pie -Wl,-z,relro,-z,now $(LDFLAGS)
pkg_cflags = $(shell pkg-config --cflags $(1) 2>/dev/null)
pkg_libs = $(shell pkg-config --libs $(1))

# What the parts are made of: the library holds every stage; each program adds its own files.
SOURCES_COMMON := $(wildcard common/*.c)
SOURCES_LIBRARY := $(SOURCES_COMMON) $(wildcard orchestrator/scenario/*.c orchestrator/plan/*.c orchestrator/range/*.c \
	orchestrator/exercise/*.c orchestrator/journal/*.c orchestrator/serve/*.c attacker/*.c scoreboard/score/*.c scoreboard/view/*.c)
SOURCES_TORIDE := orchestrator/main.c $(wildcard orchestrator/cmd/*.c)
SOURCES_BOARD := $(wildcard scoreboard/*.c)
SOURCES_GUEST := $(wildcard attacker/guest/*.c)
SOURCES_UNIT := $(wildcard tests/unit/test_*.c)
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

TORIDE := $(BUILD)/toride
BOARD := $(if $(SOURCES_BOARD),$(BUILD)/toride-scoreboard)
GUESTS := $(patsubst attacker/guest/%.c,$(BUILD)/guest/%,$(SOURCES_GUEST))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(SOURCES_UNIT))

.PHONY: all deps demo check check-unit check-golden check-range check-web bench lint fuzz install clean help
all: $(TORIDE) $(BOARD) $(GUESTS) ## build everything into build/

$(BUILD)/libtoride.a: $(call objects,$(SOURCES_LIBRARY))
	$(call say,AR,$@)
	$(Q)rm -f $@; ar rcs $@ $^

$(TORIDE): $(call objects,$(SOURCES_TORIDE)) $(BUILD)/libtoride.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LINK) -o $@ $^ $(call pkg_libs,$(LIBRARIES)) -lpthread

$(BUILD)/guest/%: $(BUILD)/obj/attacker/guest/%.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) -o $@ $^ $(call pkg_libs,libcurl libmicrohttpd jansson)

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libtoride.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) -o $@ $^ $(call pkg_libs,$(LIBRARIES) cmocka) -lpthread

$(BUILD)/obj/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(call pkg_cflags,$(LIBRARIES) $(LIBRARIES_BOARD)) -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

check-unit: $(UNIT) ## unit tests (cmocka)
	$(Q)tests/run unit $(UNIT)

check-golden: all ## golden files: errors, plan, schema, scores
	$(Q)tests/run golden

clean: ## remove build/
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "  %-13s %s\n", $$1, $$2}'
