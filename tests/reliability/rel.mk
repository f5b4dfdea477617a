# SPDX-License-Identifier: MIT
# Death at every step.
rel_tests = tests/reliability/R01_fail_points.sh tests/reliability/R03_worker_borders.sh
dist_check_SCRIPTS += $(rel_tests)
TESTS += $(rel_tests)
EXTRA_DIST += tests/crash/lib.sh
