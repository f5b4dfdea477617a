# SPDX-License-Identifier: MIT
game_PROGRAMS += plugins/games/othello.so
plugins_games_othello_so_SOURCES = plugins/games/othello/othello.c
plugins_games_othello_so_CFLAGS = $(CFLAGS_SHARED_FAST)
plugins_games_othello_so_LDFLAGS = $(LDFLAGS_SHARED)
