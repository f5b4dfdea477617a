# SPDX-License-Identifier: MIT
# Programs that print rates; built by `make bench`, never by `make`.
EXTRA_PROGRAMS =

EXTRA_PROGRAMS += bench/bench_net
bench_bench_net_SOURCES = bench/bench_net.c
bench_bench_net_LDADD = $(KIT_LIBS) -lm

bench: $(EXTRA_PROGRAMS)
.PHONY: bench
CLEANFILES += $(EXTRA_PROGRAMS)
