# SPDX-License-Identifier: MIT
plugin_PROGRAMS += plugins/curriculum.so
CURRICULUM_SOURCES = plugins/curriculum/curriculum.c \
	plugins/curriculum/weights.c plugins/curriculum/weights.h
plugins_curriculum_so_SOURCES = $(CURRICULUM_SOURCES)
plugins_curriculum_so_CFLAGS = $(CFLAGS_SHARED) $(JANSSON_CFLAGS)
plugins_curriculum_so_LDFLAGS = $(LDFLAGS_SHARED)
plugins_curriculum_so_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm
nobase_dist_rrdata_DATA += conf.d/70-curriculum.ini
EXTRA_DIST += plugins/curriculum/README.md doc/stages/curriculum.md
