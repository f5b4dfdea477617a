# SPDX-License-Identifier: MIT
# Tests of the reliability list: R01 … R69. Each area lists its own.
EXTRA_DIST += tests/reliability/lib.sh
include tests/reliability/sup.mk
