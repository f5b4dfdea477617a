# SPDX-License-Identifier: MIT
plugin_PROGRAMS += plugins/scheduler.so
SCHEDULER_SOURCES = plugins/scheduler/scheduler.c \
	plugins/scheduler/config.c plugins/scheduler/config.h \
	plugins/scheduler/learn.c plugins/scheduler/learn.h \
	plugins/scheduler/plan.c plugins/scheduler/plan.h \
	plugins/scheduler/priority.c plugins/scheduler/priority.h \
	plugins/scheduler/watch.c plugins/scheduler/watch.h
plugins_scheduler_so_SOURCES = $(SCHEDULER_SOURCES)
plugins_scheduler_so_CFLAGS = $(CFLAGS_SHARED) $(JANSSON_CFLAGS)
plugins_scheduler_so_LDFLAGS = $(LDFLAGS_SHARED)
plugins_scheduler_so_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm
nobase_dist_rrdata_DATA += conf.d/10-scheduler.ini
EXTRA_DIST += plugins/scheduler/README.md doc/stages/scheduler.md
