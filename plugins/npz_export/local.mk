# SPDX-License-Identifier: MIT
plugin_PROGRAMS += plugins/npz_export.so
NPZ_EXPORT_SOURCES = plugins/npz_export/npz_export.c \
	plugins/npz_export/export.c plugins/npz_export/export.h \
	plugins/npz_export/rows.c plugins/npz_export/rows.h \
	plugins/npz_export/quality.c plugins/npz_export/quality.h \
	plugins/npz_export/window.c plugins/npz_export/window.h \
	plugins/npz_export/store.c plugins/npz_export/store.h
plugins_npz_export_so_SOURCES = $(NPZ_EXPORT_SOURCES)
plugins_npz_export_so_CFLAGS = $(CFLAGS_SHARED_FAST) $(JANSSON_CFLAGS)
plugins_npz_export_so_LDFLAGS = $(LDFLAGS_SHARED)
plugins_npz_export_so_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm
nobase_dist_rrdata_DATA += conf.d/40-npz_export.ini
EXTRA_DIST += plugins/npz_export/README.md doc/stages/npz_export.md
