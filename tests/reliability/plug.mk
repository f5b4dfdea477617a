# SPDX-License-Identifier: MIT
# Plugin files; what rrctl doctor finds (N12).
plug_scripts = tests/reliability/R30_plugin_files.sh tests/reliability/R32_descriptors.sh \
	tests/reliability/R31_plugin_check.sh tests/reliability/N12_doctor.sh
dist_check_SCRIPTS += $(plug_scripts)
TESTS += $(plug_scripts)
EXTRA_DIST += tests/broken/broken.c tests/broken/lib.sh

# The worker of a host whose plugin ABI is three minors newer, each with a member more.
check_PROGRAMS += tests/newer/rrd-worker
tests_newer_rrd_worker_SOURCES = core/worker/main.c $(worker_sources)
tests_newer_rrd_worker_CPPFLAGS = -Itests/newer $(AM_CPPFLAGS)
tests_newer_rrd_worker_CFLAGS = $(rrd_worker_CFLAGS)
tests_newer_rrd_worker_LDADD = $(rrd_worker_LDADD)
$(tests_newer_rrd_worker_OBJECTS): tests/newer/rr/plugin.h
tests/newer/rr/plugin.h: sdk/include/rr/plugin.h
	$(AM_V_GEN)$(MKDIR_P) tests/newer/rr && sed -e 's/^#define RR_PLUGIN_ABI_MINOR .*/#define RR_PLUGIN_ABI_MINOR 3/' \
	    -e 's|/\* new members are added here only \*/|int (*newer[3])(struct rr_ctx *ctx);|' $< >$@
CLEANFILES += tests/newer/rr/plugin.h
