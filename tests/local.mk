# SPDX-License-Identifier: MIT
EXTRA_DIST += tests/tap.h tests/check.sh tests/lsan.supp tests/tsan.supp tests/tap.sh tests/lint.sh

# What can be checked without compiling.
lint:
	$(srcdir)/tests/lint.sh
.PHONY: lint
include tests/puppet/local.mk
include tests/game/local.mk
include tests/core/local.mk
include tests/kit/local.mk
include tests/loop/local.mk
include tests/crash/local.mk
include tests/fuzz/local.mk
include tests/reliability/local.mk
