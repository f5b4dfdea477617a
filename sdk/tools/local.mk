# SPDX-License-Identifier: MIT
rrlibexec_PROGRAMS += rrctl-game
rrctl_game_SOURCES = \
	sdk/tools/rrctl_game.c \
	sdk/tools/game_bench.c \
	sdk/tools/game_bench.h \
	sdk/tools/game_reader.c \
	sdk/tools/game_reader.h \
	sdk/tools/game_verify.c \
	sdk/tools/game_verify.h
rrctl_game_LDADD = $(KIT_LIBS) $(ZLIB_LIBS)

rrlibexec_PROGRAMS += rrctl-match
rrctl_match_SOURCES = sdk/tools/rrctl_match.c
rrctl_match_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
rrctl_match_LDADD = $(KIT_LIBS) $(JANSSON_LIBS)
