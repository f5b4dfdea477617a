# SPDX-License-Identifier: MIT
# Supervision: deaths, hangs, leaks, orphans, time, signals.
sup_scripts = tests/reliability/R04_deaths.sh tests/reliability/R06_signals_at_start.sh \
	tests/reliability/R55_restarts.sh tests/reliability/R56_many_stages.sh \
	tests/reliability/R57_tight_limits.sh tests/reliability/R58_signal_storm.sh \
	tests/reliability/R23_descriptors.sh tests/reliability/R40_plugin_replaced.sh \
	tests/reliability/R33_hangs.sh tests/reliability/R54_clock_set.sh \
	tests/reliability/R35_memory.sh tests/reliability/R36_orphans.sh
dist_check_SCRIPTS += $(sup_scripts)
sup_programs = tests/reliability/R38_last_words tests/reliability/R54_clocks \
	tests/reliability/R69_state_machine
check_PROGRAMS += $(sup_programs)
TESTS += $(sup_scripts) $(sup_programs)

# They link librrdcore.a; world.c stands in for sys_posix.c, sweep.c and spawn.c.
tests_reliability_R69_state_machine_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R54_clocks_SOURCES = tests/reliability/R54_clocks.c tests/fake/world.c \
	tests/fake/world.h
tests_reliability_R54_clocks_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R38_last_words_SOURCES = tests/reliability/R38_last_words.c tests/fake/world.c \
	tests/fake/world.h
tests_reliability_R38_last_words_LDADD = $(RRDCORE_LIBS) -lm

check_PROGRAMS += tests/fake/clock.so
tests_fake_clock_so_SOURCES = tests/fake/clock.c
tests_fake_clock_so_CFLAGS = $(CFLAGS_SHARED) -fvisibility=default
tests_fake_clock_so_LDFLAGS = $(LDFLAGS_SHARED)
