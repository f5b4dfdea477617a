# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/game/test_gamekit tests/game/test_connect4 tests/game/test_ringrift
TESTS += tests/game/test_gamekit tests/game/test_connect4 tests/game/test_ringrift \
	tests/game/verify.sh
dist_check_SCRIPTS += tests/game/verify.sh
tests_game_test_gamekit_LDADD = $(KIT_LIBS)
tests_game_test_connect4_LDADD = $(KIT_LIBS)
tests_game_test_ringrift_LDADD = $(KIT_LIBS)

check_PROGRAMS += tests/game/test_othello
TESTS += tests/game/test_othello tests/game/perft.sh
dist_check_SCRIPTS += tests/game/perft.sh
tests_game_test_othello_LDADD = $(KIT_LIBS)

check_PROGRAMS += tests/game/make_shard
TESTS += tests/game/play.sh tests/game/engine.sh
dist_check_SCRIPTS += tests/game/play.sh tests/game/engine.sh
tests_game_make_shard_LDADD = $(KIT_LIBS)

check_PROGRAMS += tests/game/test_connect4_solver tests/game/test_ringrift_encoding
TESTS += tests/game/test_connect4_solver tests/game/test_ringrift_encoding tests/game/connect4.sh tests/game/page.sh
dist_check_SCRIPTS += tests/game/connect4.sh tests/game/page.sh
tests_game_test_connect4_solver_SOURCES = tests/game/test_connect4_solver.c \
	plugins/games/connect4/positions.c plugins/games/connect4/solver.c
tests_game_test_connect4_solver_LDADD = $(KIT_LIBS)
tests_game_test_ringrift_encoding_LDADD = $(KIT_LIBS)

check_PROGRAMS += tests/game/test_ringrift_rules tests/game/test_ringrift_properties
TESTS += tests/game/test_ringrift_rules tests/game/test_ringrift_properties
tests_game_test_ringrift_properties_SOURCES = tests/game/test_ringrift_properties.c \
	plugins/games/ringrift/board.c plugins/games/ringrift/state.c
tests_game_test_ringrift_properties_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/plugins/games/ringrift
tests_game_test_ringrift_properties_LDADD = $(KIT_LIBS)
tests_game_test_ringrift_rules_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/plugins/games/ringrift
tests_game_test_ringrift_rules_LDADD = $(KIT_LIBS)

check_PROGRAMS += tests/game/test_ringrift_mask
TESTS += tests/game/test_ringrift_mask
tests_game_test_ringrift_mask_SOURCES = tests/game/test_ringrift_mask.c \
	plugins/games/ringrift/board.c plugins/games/ringrift/mask.c plugins/games/ringrift/state.c
tests_game_test_ringrift_mask_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/plugins/games/ringrift
tests_game_test_ringrift_mask_LDADD = $(KIT_LIBS)

EXTRA_DIST += \
	doc/ringrift-encoding.md \
	doc/connect4.md \
	doc/othello.md \
	doc/opponents.md \
	doc/ringrift-speed.md \
	tests/data/FORMAT.md \
	tests/data/README.md \
	tests/data/hex8-2p.rrg.gz \
	tests/data/hex8-3p.rrg.gz \
	tests/data/hex8-4p.rrg.gz \
	tests/data/hexagonal-2p.rrg.gz \
	tests/data/hexagonal-3p.rrg.gz \
	tests/data/hexagonal-4p.rrg.gz \
	tests/data/select.py \
	tests/data/square19-2p.rrg.gz \
	tests/data/square19-3p.rrg.gz \
	tests/data/square19-4p.rrg.gz \
	tests/data/square8-2p.rrg.gz \
	tests/data/square8-3p.rrg.gz \
	tests/data/square8-4p.rrg.gz \
	tests/data/vectors.rrv
