# SPDX-License-Identifier: MIT
# Programs that print rates; built by `make bench`, never by `make`.
EXTRA_PROGRAMS =

EXTRA_PROGRAMS += bench/bench_net
bench_bench_net_SOURCES = bench/bench_net.c
bench_bench_net_LDADD = $(KIT_LIBS) -lm

bench: $(EXTRA_PROGRAMS)
.PHONY: bench
CLEANFILES += $(EXTRA_PROGRAMS)

# The daemon beside its bars, and its queue beside SQLite's and Redis's: needs libsqlite3-dev, libhiredis-dev and
# redis-server, which nothing else does.
bench/bench_queue: bench/bench_queue.c librrdcore.a libcommon.a
	@command -v redis-server >/dev/null && pkg-config --exists sqlite3 hiredis || \
		{ echo "bench-core: apt-get install libsqlite3-dev libhiredis-dev redis-server" >&2; exit 1; }
	$(MKDIR_P) bench
	$(CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS) -o $@ \
		$(srcdir)/bench/bench_queue.c $(RRDCORE_LIBS) -lsqlite3 -lhiredis -lpthread
bench-core: all bench/bench_queue tests/puppet/puppet.so tests/puppet/ring_source.so \
		tests/puppet/ring_work.so tests/puppet/ring_sink.so
	$(srcdir)/bench/bench_core.sh '$(abs_top_builddir)' '$(abs_top_srcdir)'
.PHONY: bench-core
EXTRA_DIST += bench/bench_queue.c bench/bench_core.sh
CLEANFILES += bench/bench_queue

# Where random play of RingRift spends its time; wants perf.
EXTRA_DIST += bench/ringrift_parts.sh
