# SPDX-License-Identifier: MIT
# Fuzz targets. `make check` runs each for two seconds on mutations of its corpus (drive.c); `make fuzz`
# builds them with clang's libFuzzer and runs each for RR_FUZZ_SECONDS, 60 by default.
EXTRA_DIST += tests/fuzz/ignorelist tests/fuzz/corpus tests/fuzz/fuzz.h
fuzz_programs = tests/fuzz/fuzz_wire tests/fuzz/fuzz_frames tests/fuzz/fuzz_ctl tests/fuzz/fuzz_conf \
	tests/fuzz/fuzz_store tests/fuzz/fuzz_game_text
check_PROGRAMS += $(fuzz_programs)
fuzz_driver = tests/fuzz/drive.c
fuzz_wire_sources = tests/fuzz/fuzz_wire.c core/worker/codec.c
tests_fuzz_fuzz_wire_SOURCES = $(fuzz_wire_sources) $(fuzz_driver)
tests_fuzz_fuzz_wire_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"wire"' -DFUZZ_ID='"R68"'
tests_fuzz_fuzz_wire_LDADD = $(RRDCORE_LIBS) -lm
fuzz_frames_sources = tests/fuzz/fuzz_frames.c tests/fake/world.c
tests_fuzz_fuzz_frames_SOURCES = $(fuzz_frames_sources) $(fuzz_driver)
tests_fuzz_fuzz_frames_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"frames"' -DFUZZ_ID='"R68"'
tests_fuzz_fuzz_frames_LDADD = $(RRDCORE_LIBS) -lm
fuzz_ctl_sources = tests/fuzz/fuzz_ctl.c tests/fake/world.c
tests_fuzz_fuzz_ctl_SOURCES = $(fuzz_ctl_sources) $(fuzz_driver)
tests_fuzz_fuzz_ctl_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"ctl"' -DFUZZ_ID='"R65"'
tests_fuzz_fuzz_ctl_LDADD = $(RRDCORE_LIBS) -lm
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c $(fuzz_driver)
tests_fuzz_fuzz_conf_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"conf"' -DFUZZ_ID='"R60"'
tests_fuzz_fuzz_conf_LDADD = $(RRDCORE_LIBS) -lm
tests_fuzz_fuzz_store_SOURCES = tests/fuzz/fuzz_store.c $(fuzz_driver)
tests_fuzz_fuzz_store_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"store"' -DFUZZ_ID='"R13"'
tests_fuzz_fuzz_store_LDADD = $(RRDCORE_LIBS) -lm
fuzz_game_text_sources = tests/fuzz/fuzz_game_text.c $(plugins_games_ringrift_so_SOURCES)
tests_fuzz_fuzz_game_text_SOURCES = $(fuzz_game_text_sources) $(fuzz_driver)
tests_fuzz_fuzz_game_text_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/plugins/games/ringrift \
	-DFUZZ_CORPUS='"game_text"' -DFUZZ_ID='"game text:"'
tests_fuzz_fuzz_game_text_LDADD = -lm
TESTS += $(fuzz_programs)

# Everything is compiled again, with the sanitizers; main.c has a main of its own.
RR_FUZZ_SECONDS = 60
FUZZ_CLANG = clang
fuzz_sys = core/rrd/sys_posix.c core/rrd/sweep.c core/rrd/spawn.c
fuzz_core = $(filter-out $(fuzz_sys),\
	$(filter %.c,$(librrdcore_a_SOURCES))) $(filter %.c,$(libcommon_a_SOURCES))
FUZZ_BUILD = $(FUZZ_CLANG) -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined -fsanitize-ignorelist=tests/fuzz/ignorelist $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(EVENT_CFLAGS)
fuzz:
	@$(FUZZ_CLANG) --version > /dev/null || { echo "make fuzz needs the package clang" >&2; exit 1; }
	@echo 'fuzz: R63 to R69 in full, then six targets for $(RR_FUZZ_SECONDS) s each (RR_FUZZ_SECONDS); Ctrl-C ends it'
	+$(call full_figures,tests/reliability/R6*_*.*)
	for t in wire frames ctl conf store game_text; do $(MKDIR_P) tests/fuzz/work/$$t; done
	build() { \
		(t=$$1 && shift && cd '$(srcdir)' && $(FUZZ_BUILD) -I'$(abs_builddir)' \
			-o '$(abs_builddir)'/tests/fuzz/libfuzzer_$$t tests/fuzz/fuzz_$$t.c "$$@" $(JANSSON_LIBS) $(EVENT_LIBS) \
			$(INIH_LIBS) $(LMDB_LIBS) $(CRYPTO_LIBS) -lm -lpthread); \
	}; \
	build wire core/worker/codec.c $(fuzz_core) $(fuzz_sys) && build store $(fuzz_core) $(fuzz_sys) && \
	build frames tests/fake/world.c $(fuzz_core) && build ctl tests/fake/world.c $(fuzz_core) && \
	build conf $(filter-out core/rrd/conf_plugin.c,$(fuzz_core)) $(fuzz_sys)
	cd '$(srcdir)' && $(FUZZ_BUILD) -Iplugins/games/ringrift -o '$(abs_builddir)/tests/fuzz/libfuzzer_game_text' \
		$(filter %.c,$(fuzz_game_text_sources)) -lm
	for t in wire frames ctl conf store game_text; do \
		LSAN_OPTIONS='suppressions=$(abs_top_srcdir)/tests/lsan.supp:print_suppressions=0' \
		tests/fuzz/libfuzzer_$$t -max_total_time=$(RR_FUZZ_SECONDS) -max_len=66000 -artifact_prefix=tests/fuzz/ \
			tests/fuzz/work/$$t '$(srcdir)'/tests/fuzz/corpus/$$t || exit 1; \
	done
.PHONY: fuzz
clean-local: clean-fuzz
clean-fuzz:
	-rm -rf tests/fuzz/work tests/fuzz/libfuzzer_*
.PHONY: clean-fuzz
