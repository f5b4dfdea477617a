# SPDX-License-Identifier: MIT
game_PROGRAMS += plugins/games/ringrift.so
plugins_games_ringrift_so_SOURCES = \
	plugins/games/ringrift/board.c \
	plugins/games/ringrift/board.h \
	plugins/games/ringrift/board_text.c \
	plugins/games/ringrift/encode.c \
	plugins/games/ringrift/heuristic.c \
	plugins/games/ringrift/heuristic.h \
	plugins/games/ringrift/mask.c \
	plugins/games/ringrift/mask.h \
	plugins/games/ringrift/moves/capture.c \
	plugins/games/ringrift/moves/fence.c \
	plugins/games/ringrift/moves/lines.c \
	plugins/games/ringrift/moves/movement.c \
	plugins/games/ringrift/moves/moves.h \
	plugins/games/ringrift/moves/payment.c \
	plugins/games/ringrift/moves/placement.c \
	plugins/games/ringrift/moves/recovery.c \
	plugins/games/ringrift/moves/regions.c \
	plugins/games/ringrift/parse.c \
	plugins/games/ringrift/policy.c \
	plugins/games/ringrift/policy.h \
	plugins/games/ringrift/ringrift.c \
	plugins/games/ringrift/rules.h \
	plugins/games/ringrift/state.c \
	plugins/games/ringrift/state.h \
	plugins/games/ringrift/symmetry.c \
	plugins/games/ringrift/text.c \
	plugins/games/ringrift/text.h \
	plugins/games/ringrift/turn.c \
	plugins/games/ringrift/victory.c
plugins_games_ringrift_so_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/plugins/games/ringrift
plugins_games_ringrift_so_CFLAGS = $(CFLAGS_SHARED_FAST)
plugins_games_ringrift_so_LDFLAGS = $(LDFLAGS_SHARED)
plugins_games_ringrift_so_LDADD = -lm
