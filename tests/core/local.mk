# SPDX-License-Identifier: MIT

# rrctl against daemons of every kind
check_PROGRAMS += fake_rrd
fake_rrd_SOURCES = tests/core/fake_rrd.c
fake_rrd_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
fake_rrd_LDADD = $(JANSSON_LIBS)
dist_check_SCRIPTS += tests/core/test_rrctl.sh
TESTS += tests/core/test_rrctl.sh
