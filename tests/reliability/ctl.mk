# SPDX-License-Identifier: MIT
# Control socket and protocols.
check_PROGRAMS += tests/reliability/R68_fuzz_wire
TESTS += tests/reliability/R68_fuzz_wire tests/reliability/R65_control_requests.sh
dist_check_SCRIPTS += tests/reliability/R65_control_requests.sh
tests_reliability_R68_fuzz_wire_SOURCES = tests/reliability/R68_fuzz_wire.c
tests_reliability_R68_fuzz_wire_CFLAGS = $(core_unit_cflags)
tests_reliability_R68_fuzz_wire_LDADD = $(RRDCORE_LIBS) -lm
