# SPDX-License-Identifier: MIT
# Tests of the reliability list: R01 … R69, one file for each id; README.md lists them. Each area lists
# its own. RR_FULL=1 runs the full figure.
EXTRA_DIST += tests/reliability/lib.sh tests/reliability/README.md
include tests/reliability/conf.mk
include tests/reliability/ctl.mk
include tests/reliability/plug.mk
include tests/reliability/rel.mk
include tests/reliability/route.mk
include tests/reliability/store.mk
include tests/reliability/sup.mk
include tests/reliability/upg.mk

# Runs when all others have: how many of the ids ran.
TESTS += tests/reliability/count.sh
dist_check_SCRIPTS += tests/reliability/count.sh
tests/reliability/count.log: $(filter-out tests/reliability/count.log,$(TEST_LOGS))

# The full figures. crash: whatever dies or misbehaves; soak: whatever lasts; fuzz, in tests/fuzz: whatever
# reads what others wrote.
full_figures = $(MAKE) check RR_FULL=1 \
	TESTS="$$(cd '$(srcdir)' && printf '%s\n' $(1) | sed 's/\.c$$//' | tr '\n' ' ')"
crash:
	@echo 'crash: R01 to R08 and R30 to R41 in full, some 70 minutes on two cores; Ctrl-C ends it'
	+$(call full_figures,tests/reliability/R0[0-8]_*.* tests/reliability/R[34]*_*.*)
soak:
	@echo 'soak: R10 to R23 and R50 to R58 in full, some 50 minutes on two cores; Ctrl-C ends it'
	+$(call full_figures,tests/reliability/R[125]*_*.*)
.PHONY: crash soak
