# SPDX-License-Identifier: MIT
# Configuration and reload.
dist_check_SCRIPTS += tests/reliability/R63_reload.sh
TESTS += tests/reliability/R63_reload.sh
check_PROGRAMS += tests/reliability/R60_fuzz_conf
TESTS += tests/reliability/R60_fuzz_conf
tests_reliability_R60_fuzz_conf_SOURCES = tests/reliability/R60_fuzz_conf.c
tests_reliability_R60_fuzz_conf_CFLAGS = $(core_unit_cflags)
tests_reliability_R60_fuzz_conf_LDADD = $(RRDCORE_LIBS) -lm
