# SPDX-License-Identifier: MIT
plugin_PROGRAMS += plugins/selfplay.so
plugins_selfplay_so_SOURCES = \
	plugins/selfplay/selfplay.c \
	plugins/selfplay/models.c plugins/selfplay/models.h
plugins_selfplay_so_CFLAGS = $(CFLAGS_SHARED)
plugins_selfplay_so_LDFLAGS = $(LDFLAGS_SHARED)
plugins_selfplay_so_LDADD = $(KIT_LIBS) -lm
EXTRA_DIST += plugins/selfplay/README.md
nobase_dist_rrdata_DATA += conf.d/20-selfplay.ini
