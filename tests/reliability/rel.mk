# SPDX-License-Identifier: MIT
# Death at every step.
rel_tests = tests/reliability/R01_fail_points.sh tests/reliability/R02_random_kills.sh \
	tests/reliability/R03_worker_borders.sh tests/reliability/R05_all_at_once.sh \
	tests/reliability/R08_daemon_dies.sh
dist_check_SCRIPTS += $(rel_tests)
TESTS += $(rel_tests)
EXTRA_DIST += tests/crash/lib.sh
