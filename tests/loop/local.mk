# SPDX-License-Identifier: MIT
EXTRA_DIST += tests/loop/loop.h

check_PROGRAMS += tests/loop/test_data_sync
TESTS += tests/loop/test_data_sync
tests_loop_test_data_sync_SOURCES = tests/loop/test_data_sync.c \
	plugins/data_sync/data_sync.c plugins/data_sync/registry.c
tests_loop_test_data_sync_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_loop_test_data_sync_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm
