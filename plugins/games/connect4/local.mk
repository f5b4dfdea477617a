# SPDX-License-Identifier: MIT
game_PROGRAMS += plugins/games/connect4.so
plugins_games_connect4_so_SOURCES = plugins/games/connect4/connect4.c
plugins_games_connect4_so_CFLAGS = $(CFLAGS_SHARED_FAST)
plugins_games_connect4_so_LDFLAGS = $(LDFLAGS_SHARED)
