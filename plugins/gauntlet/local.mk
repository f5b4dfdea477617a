# SPDX-License-Identifier: MIT
plugin_PROGRAMS += plugins/gauntlet.so
plugins_gauntlet_so_SOURCES = \
	plugins/gauntlet/gauntlet.c \
	plugins/gauntlet/gauntlet.h \
	plugins/gauntlet/play.c \
	plugins/gauntlet/record.c \
	plugins/gauntlet/rule.c \
	plugins/gauntlet/table.c
plugins_gauntlet_so_CFLAGS = $(CFLAGS_SHARED) $(JANSSON_CFLAGS)
plugins_gauntlet_so_LDFLAGS = $(LDFLAGS_SHARED)
plugins_gauntlet_so_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm
EXTRA_DIST += plugins/gauntlet/README.md doc/stages/gauntlet.md
nobase_dist_rrdata_DATA += conf.d/60-gauntlet.ini
