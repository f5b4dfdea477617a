# SPDX-License-Identifier: MIT
# Search over any game, and the arena that plays many games at once.
librrkit_so_0_SOURCES += \
	sdk/search/cache.c sdk/search/cache.h \
	sdk/search/rng.h \
	sdk/search/root.c sdk/search/root.h \
	sdk/search/search.c \
	sdk/search/tree.c sdk/search/tree.h
