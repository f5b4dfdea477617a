# SPDX-License-Identifier: MIT
# Search over any game, and the arena that plays many games at once.
librrkit_so_0_SOURCES += \
	sdk/search/arena.c sdk/search/arena_int.h \
	sdk/search/cache.c sdk/search/cache.h \
	sdk/search/lane.c \
	sdk/search/look.c sdk/search/look.h \
	sdk/search/opponent.c \
	sdk/search/play.c \
	sdk/search/rng.h \
	sdk/search/root.c sdk/search/root.h \
	sdk/search/search.c \
	sdk/search/thinker.c \
	sdk/search/tree.c sdk/search/tree.h

noinst_PROGRAMS += bench/bench_search
bench_bench_search_SOURCES = bench/bench_search.c
bench_bench_search_LDADD = $(KIT_LIBS)
