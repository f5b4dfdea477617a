# SPDX-License-Identifier: MIT

# rrctl against daemons of every kind
check_PROGRAMS += fake_rrd
fake_rrd_SOURCES = tests/core/fake_rrd.c
fake_rrd_LDADD = $(JANSSON_LIBS)
EXTRA_DIST += tests/core/fake.sh
dist_check_SCRIPTS += tests/core/test_rrctl.sh tests/core/test_rrctl_live.sh
TESTS += tests/core/test_rrctl.sh tests/core/test_rrctl_live.sh
check_PROGRAMS += test_rrctl_parts
test_rrctl_parts_SOURCES = tests/core/test_rrctl_parts.c core/rrctl/args.c core/rrctl/confd.c \
	core/rrctl/out.c core/rrctl/view.c
test_rrctl_parts_LDADD = $(COMMON_LIBS) $(INIH_LIBS)
TESTS += test_rrctl_parts
check_PROGRAMS += tests/core/test_trace
tests_core_test_trace_SOURCES = tests/core/test_trace.c core/rrctl/args.c core/rrctl/out.c \
	core/rrctl/trace.c
tests_core_test_trace_LDADD = $(COMMON_LIBS)
TESTS += tests/core/test_trace

# The worker, its frames, and the headers for plugin authors
EXTRA_DIST += tests/core/rig.h
check_PROGRAMS += tests/core/test_wire tests/core/test_load tests/core/test_worker \
	tests/core/test_harness tests/core/test_codec
TESTS += tests/core/test_codec tests/core/test_wire tests/core/test_load tests/core/test_worker tests/core/test_harness
tests_core_test_wire_LDADD = $(COMMON_LIBS)
tests_core_test_load_SOURCES = tests/core/test_load.c $(worker_sources)
tests_core_test_load_LDADD = $(COMMON_LIBS) -ldl -lpthread -lm
tests_core_test_worker_LDADD = $(COMMON_LIBS) -lm
tests_core_test_harness_SOURCES = tests/core/test_harness.c tests/puppet/harm.c tests/puppet/foul.c
tests_core_test_harness_LDADD = -lm -lpthread
tests_core_test_codec_SOURCES = tests/core/test_codec.c core/worker/codec.c
tests_core_test_codec_LDADD = $(COMMON_LIBS) -lm

# Stored events once more
dist_check_SCRIPTS += tests/core/test_replay.sh
TESTS += tests/core/test_replay.sh

# Parts of the daemon
core_unit_tests = tests/core/test_slots tests/core/test_why tests/core/test_text \
	tests/core/test_store tests/core/test_graph tests/core/test_conf
check_PROGRAMS += $(core_unit_tests)
TESTS += $(core_unit_tests)
tests_core_test_slots_LDADD = $(RRDCORE_LIBS) -lm
tests_core_test_why_LDADD = $(RRDCORE_LIBS) -lm
tests_core_test_text_LDADD = $(RRDCORE_LIBS) -lm
tests_core_test_store_LDADD = $(RRDCORE_LIBS) -lm
tests_core_test_graph_LDADD = $(RRDCORE_LIBS) -lm
tests_core_test_conf_LDADD = $(RRDCORE_LIBS) -lm
# Plugins: list and new
dist_check_SCRIPTS += tests/core/test_plugin.sh
TESTS += tests/core/test_plugin.sh

# Every way in which a handler and the daemon can end
dist_check_SCRIPTS += tests/core/test_daemon.sh
TESTS += tests/core/test_daemon.sh

# As a service; man pages
dist_check_SCRIPTS += tests/core/test_service.sh tests/core/test_papers.sh
TESTS += tests/core/test_service.sh tests/core/test_papers.sh
