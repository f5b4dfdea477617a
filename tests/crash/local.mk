# SPDX-License-Identifier: MIT
# The daemon and the worker with fail points (core/common/fail.h), for the tests that kill them there.
check_PROGRAMS += tests/crash/rrd tests/crash/rrd-worker
tests_crash_rrd_SOURCES = core/rrd/main.c $(librrdcore_a_SOURCES) $(libcommon_a_SOURCES)
tests_crash_rrd_CPPFLAGS = $(AM_CPPFLAGS) -DRR_FAIL_POINTS
tests_crash_rrd_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(EVENT_CFLAGS) $(INIH_CFLAGS) $(CRYPTO_CFLAGS)
tests_crash_rrd_LDADD = $(JANSSON_LIBS) $(CRYPTO_LIBS) $(EVENT_LIBS) $(INIH_LIBS) $(LMDB_LIBS) -lpthread -lm
tests_crash_rrd_worker_SOURCES = core/worker/main.c $(worker_sources) $(libcommon_a_SOURCES)
tests_crash_rrd_worker_CPPFLAGS = $(AM_CPPFLAGS) -DRR_FAIL_POINTS
tests_crash_rrd_worker_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(INIH_CFLAGS) $(CRYPTO_CFLAGS)
tests_crash_rrd_worker_LDADD = $(JANSSON_LIBS) $(INIH_LIBS) $(CRYPTO_LIBS) -ldl -lpthread -lm
