# SPDX-License-Identifier: MIT
EXTRA_DIST += tests/loop/loop.h

check_PROGRAMS += tests/loop/test_data_sync
TESTS += tests/loop/test_data_sync
tests_loop_test_data_sync_SOURCES = tests/loop/test_data_sync.c \
	plugins/data_sync/data_sync.c plugins/data_sync/registry.c
tests_loop_test_data_sync_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm

check_PROGRAMS += tests/loop/test_selfplay
TESTS += tests/loop/test_selfplay
tests_loop_test_selfplay_SOURCES = tests/loop/test_selfplay.c \
	plugins/selfplay/selfplay.c plugins/selfplay/models.c
tests_loop_test_selfplay_LDADD = $(KIT_LIBS) -lm

check_PROGRAMS += tests/loop/test_npz_export
TESTS += tests/loop/test_npz_export
tests_loop_test_npz_export_SOURCES = tests/loop/test_npz_export.c $(NPZ_EXPORT_SOURCES)
tests_loop_test_npz_export_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm

EXTRA_DIST += tests/loop/samples.h
check_PROGRAMS += tests/loop/test_trainer
TESTS += tests/loop/test_trainer
tests_loop_test_trainer_SOURCES = tests/loop/test_trainer.c \
	plugins/trainer/trainer.c plugins/trainer/job.c plugins/trainer/model.c
tests_loop_test_trainer_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm

check_PROGRAMS += tests/loop/test_gauntlet
TESTS += tests/loop/test_gauntlet
tests_loop_test_gauntlet_SOURCES = tests/loop/test_gauntlet.c \
	plugins/gauntlet/gauntlet.c plugins/gauntlet/play.c plugins/gauntlet/record.c \
	plugins/gauntlet/rule.c plugins/gauntlet/table.c
tests_loop_test_gauntlet_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm

check_PROGRAMS += tests/loop/test_scheduler
TESTS += tests/loop/test_scheduler
tests_loop_test_scheduler_SOURCES = tests/loop/test_scheduler.c $(SCHEDULER_SOURCES)
tests_loop_test_scheduler_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm

check_PROGRAMS += tests/loop/test_curriculum
TESTS += tests/loop/test_curriculum
tests_loop_test_curriculum_SOURCES = tests/loop/test_curriculum.c $(CURRICULUM_SOURCES)
tests_loop_test_curriculum_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm

dist_check_SCRIPTS += tests/loop/test_report.sh tests/loop/check_configs.sh
TESTS += tests/loop/test_report.sh tests/loop/check_configs.sh
