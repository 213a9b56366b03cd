# rouse: one Makefile for everything. `make help` lists the targets.
#
# MODE  release (default), debug, asan, tsan, fuzz, cov
# OUT   where things are built (default build)
# WERROR=1 turns warnings into errors, as CI does

MODE ?= release
OUT ?= build
CC := $(if $(filter fuzz cov,$(MODE)),clang,$(if $(filter default,$(origin CC)),gcc,$(CC)))
PREFIX ?= /usr/local
DESTDIR ?=
B := $(OUT)/$(MODE)

FLOORS := base promql template rules store oncall notify evaluator web
PKGS := libcurl libmicrohttpd jansson yaml-0.1 libpcre2-8 sqlite3 libcares gnutls libxxhash \
	glib-2.0 libprotobuf-c libcmark
# libcrypt always: address sanitizer's own crypt_r would hide that it is needed.
LIBS_ONLY := -lsnappy -Wl,--no-as-needed -lcrypt -Wl,--as-needed -lm -lpthread

WARN := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wvla -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wundef -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough \
	-Wdouble-promotion -Wnull-dereference $(if $(WERROR),-Werror)
HARDEN := -fstack-protector-strong -fPIE -fcf-protection
SAN := -fno-omit-frame-pointer -fno-sanitize-recover=all
CFLAGS.release := -O2 -g -D_FORTIFY_SOURCE=2
CFLAGS.debug := -O0 -g3
CFLAGS.asan := -O1 -g $(SAN) -fsanitize=address,undefined
CFLAGS.tsan := -O1 -g $(SAN) -fsanitize=thread
CFLAGS.fuzz := -O1 -g $(SAN) -fsanitize=address,undefined,fuzzer-no-link
CFLAGS.cov := -O0 -g -fprofile-instr-generate -fcoverage-mapping
LDFLAGS.asan := -fsanitize=address,undefined
LDFLAGS.tsan := -fsanitize=thread
LDFLAGS.fuzz := -fsanitize=address,undefined
LDFLAGS.cov := -fprofile-instr-generate

PKG_CFLAGS := $(shell pkg-config --cflags-only-I $(PKGS) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
override CFLAGS += -std=gnu17 -D_GNU_SOURCE -fno-common -fno-strict-aliasing -pthread \
	$(WARN) $(HARDEN) $(CFLAGS.$(MODE)) -I. -I$(B)/gen -include base/banned.h $(PKG_CFLAGS)
override LDFLAGS += -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS.$(MODE))

src = $(wildcard $(1)/*.c $(1)/*/*.c)
obj = $(patsubst %.c,$(B)/%.o,$(1))

# The archives a program of floor F may link: F and everything below it, lowest last.
rev = $(if $(1),$(call rev,$(wordlist 2,99,$(1))) $(firstword $(1)))
upto = $(call rev,$(wordlist 1,$(words $(shell echo "$(FLOORS)" | sed 's/\b$(1)\b.*/$(1)/')),$(FLOORS)))
archives = $(foreach f,$(call upto,$(1)),$(if $(call src,$(f)),$(B)/lib$(f).a))

.PHONY: all
all: $(B)/rouse

# ---- archives, one a floor -------------------------------------------------------------------
define floor_rules
SRC_$(1) := $$(call src,$(1))
ifneq ($$(SRC_$(1)),)
$$(B)/lib$(1).a: $$(call obj,$$(SRC_$(1))) $$(EXTRA_$(1))
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endif
endef
Q := $(if $(V),,@)
GENERATED :=
-include store/module.mk web/module.mk notify/module.mk
$(foreach f,$(FLOORS),$(eval $(call floor_rules,$(f))))

$(B)/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $(if $(filter-out release,$(MODE)),$(MODE) )$<")
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# ---- programs --------------------------------------------------------------------------------
ALL_ARCHIVES := $(call archives,web)
SRC_host := $(call src,host)
$(B)/rouse: $(call obj,$(SRC_host)) $(ALL_ARCHIVES)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(LIBS_ONLY)

SRC_conformance := $(call src,tests/conformance)
$(B)/conformance: $(call obj,$(SRC_conformance)) $(ALL_ARCHIVES)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(LIBS_ONLY)

.PHONY: conformance
conformance: $(B)/conformance

SRC_sim := $(call src,tests/sim)
$(B)/sim: $(call obj,$(SRC_sim)) $(ALL_ARCHIVES)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(LIBS_ONLY)

# One unit test program a folder: tests/unit/<floor>_*.c all go into it.
UNITS := $(sort $(foreach f,$(FLOORS) host,$(if $(wildcard tests/unit/$(f)_*.c),$(f))))
define unit_rules
$$(B)/unit/$(1): $$(call obj,$$(wildcard tests/unit/$(1)_*.c) tests/unit/main.c) \
		$(if $(filter host,$(1)),$$(filter-out %/host/main.o,$$(call obj,$$(SRC_host))) $$(ALL_ARCHIVES),$$(call archives,$(1)))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ -lcmocka $$(PKG_LIBS) $$(LIBS_ONLY)
endef
$(foreach f,$(UNITS),$(eval $(call unit_rules,$(f))))
.PHONY: unit
unit: $(addprefix $(B)/unit/,$(UNITS))

# One fuzz target a file; without MODE=fuzz it runs the files named on its command line.
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
$(B)/fuzz/%: $(B)/tests/fuzz/fuzz_%.o $(if $(filter fuzz,$(MODE)),,$(B)/tests/fuzz/standalone.o) $(ALL_ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer) -o $@ $^ $(PKG_LIBS) $(LIBS_ONLY)
.PHONY: fuzzers
fuzzers: $(addprefix $(B)/fuzz/,$(FUZZERS))
.SECONDARY:

# Micro-benchmarks: one program a file.
BENCHES := $(patsubst tests/bench/bench_%.c,%,$(wildcard tests/bench/bench_*.c))
$(B)/bench/%: $(B)/tests/bench/bench_%.o $(ALL_ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(LIBS_ONLY)

-include host/module.mk
-include scripts/targets.mk

.PHONY: clean
clean:
	rm -rf $(OUT)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
