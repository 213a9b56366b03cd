# Targets that people call: install, test, demo, lint and friends.

SHELL := /bin/sh
SAN := $(if $(filter 0,$(SANITIZE)),,asan)

.PHONY: help deps test demo check sim bench lint format golden install uninstall fuzz-run
help:
	@echo 'make             build rouse (build/release/rouse)'
	@echo 'make demo        install what is missing, build, and watch one alert go through the house'
	@echo 'make test        install what is missing, build, run every test'
	@echo 'make check       the quick tests only'
	@echo 'make sim SEED=n  one random world in the simulator, with its trace'
	@echo 'make bench       micro-benchmarks, and the side-by-side ones where their folder is'
	@echo 'make lint        floors, formatting, function length'
	@echo 'make install     PREFIX=/usr/local DESTDIR='

# Tools and libraries are looked up when make starts, so what installs them runs make again: on all
# processors, if nobody has said how many.
AGAIN = $(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

test:
	@scripts/deps.sh test
	+@$(AGAIN) test-run

test-run: all conformance unit fuzzers $(B)/sim
	+@$(if $(SAN),$(AGAIN) MODE=$(SAN) unit fuzzers $(OUT)/$(SAN)/sim)
	@scripts/test.sh $(B) $(if $(SAN),$(OUT)/$(SAN))
.PHONY: test-run

check: all conformance unit fuzzers $(B)/sim
	@SWARM=10 scripts/test.sh $(B)

demo:
	@scripts/deps.sh demo
	+@$(AGAIN) all
	@ROUSE=$(B)/rouse OUT=$(OUT) KEEP=$(KEEP) scripts/demo.sh

SEED ?= 1
sim: $(B)/sim
	$(B)/sim -v swarm $(SEED)

bench: all $(addprefix $(B)/bench/,$(BENCHES))
	@ROUSE=$(abspath $(B)/rouse) scripts/bench.sh $(B)

lint:
	@scripts/lint.sh

format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

golden: unit
	@for u in $(addprefix $(B)/unit/,$(UNITS)); do GOLDEN_WRITE=1 $$u >/dev/null || true; done
	@git diff --stat -- tests/golden

install: all
	install -D -m 755 $(B)/rouse $(DESTDIR)$(PREFIX)/bin/rouse
	install -D -m 644 packaging/rouse.service $(DESTDIR)$(PREFIX)/lib/systemd/system/rouse.service
	sed -i 's|/usr/local/bin/rouse|$(PREFIX)/bin/rouse|' $(DESTDIR)$(PREFIX)/lib/systemd/system/rouse.service
	install -D -m 644 packaging/rouse.yml $(DESTDIR)$(PREFIX)/share/doc/rouse/examples/rouse.yml
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/rouse/README.md
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/rouse/LICENSE

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/rouse $(DESTDIR)$(PREFIX)/lib/systemd/system/rouse.service
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/rouse
