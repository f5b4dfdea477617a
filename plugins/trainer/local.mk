# SPDX-License-Identifier: MIT
plugin_PROGRAMS += plugins/trainer_cpu.so
plugins_trainer_cpu_so_SOURCES = \
	plugins/trainer/job.c \
	plugins/trainer/model.c \
	plugins/trainer/trainer.c \
	plugins/trainer/trainer.h
plugins_trainer_cpu_so_CFLAGS = $(CFLAGS_SHARED) $(JANSSON_CFLAGS)
plugins_trainer_cpu_so_LDFLAGS = $(LDFLAGS_SHARED)
plugins_trainer_cpu_so_LDADD = $(KIT_LIBS) $(JANSSON_LIBS)
EXTRA_DIST += plugins/trainer/README.md doc/stages/trainer_cpu.md
nobase_dist_rrdata_DATA += conf.d/50-trainer_cpu.ini
