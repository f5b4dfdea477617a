# SPDX-License-Identifier: MIT
game_PROGRAMS += plugins/games/connect4.so
plugins_games_connect4_so_SOURCES = plugins/games/connect4/connect4.c
plugins_games_connect4_so_CFLAGS = $(CFLAGS_SHARED_FAST)
plugins_games_connect4_so_LDFLAGS = $(LDFLAGS_SHARED)
plugins_games_connect4_so_LDADD = -lm

# Perfect play, and grading by it.
rrlibexec_PROGRAMS += rrctl-connect4
rrctl_connect4_SOURCES = \
	plugins/games/connect4/grade.c \
	plugins/games/connect4/grade.h \
	plugins/games/connect4/positions.c \
	plugins/games/connect4/positions.h \
	plugins/games/connect4/rrctl_connect4.c \
	plugins/games/connect4/solver.c \
	plugins/games/connect4/solver.h
rrctl_connect4_CFLAGS = $(AM_CFLAGS) $(RR_FAST) $(JANSSON_CFLAGS)
rrctl_connect4_LDADD = $(KIT_LIBS) $(JANSSON_LIBS)
