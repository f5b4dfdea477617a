# SPDX-License-Identifier: MIT
plugin_PROGRAMS += plugins/data_sync.so
plugins_data_sync_so_SOURCES = plugins/data_sync/data_sync.c \
	plugins/data_sync/registry.c plugins/data_sync/registry.h
plugins_data_sync_so_CFLAGS = $(CFLAGS_SHARED) $(JANSSON_CFLAGS)
plugins_data_sync_so_LDFLAGS = $(LDFLAGS_SHARED)
plugins_data_sync_so_LDADD = $(KIT_LIBS) $(JANSSON_LIBS)
EXTRA_DIST += plugins/data_sync/README.md
nobase_dist_rrdata_DATA += conf.d/30-data_sync.ini
EXTRA_DIST += doc/stages/data_sync.md
