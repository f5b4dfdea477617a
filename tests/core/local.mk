# SPDX-License-Identifier: MIT

# rrctl against daemons of every kind
check_PROGRAMS += fake_rrd
fake_rrd_SOURCES = tests/core/fake_rrd.c
fake_rrd_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
fake_rrd_LDADD = $(JANSSON_LIBS)
dist_check_SCRIPTS += tests/core/test_rrctl.sh
TESTS += tests/core/test_rrctl.sh
check_PROGRAMS += test_rrctl_parts
test_rrctl_parts_SOURCES = tests/core/test_rrctl_parts.c core/rrctl/args.c core/rrctl/confd.c \
	core/rrctl/out.c core/rrctl/view.c
test_rrctl_parts_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_rrctl_parts_LDADD = $(COMMON_LIBS)
TESTS += test_rrctl_parts
