# SPDX-License-Identifier: MIT
EXTRA_DIST += tests/tap.h
include tests/puppet/local.mk
include tests/game/local.mk
include tests/core/local.mk
include tests/kit/local.mk
include tests/loop/local.mk
