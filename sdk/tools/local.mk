# SPDX-License-Identifier: MIT
rrlibexec_PROGRAMS += rrctl-game
rrctl_game_SOURCES = \
	sdk/tools/rrctl_game.c \
	sdk/tools/game_cmd.c \
	sdk/tools/game_cmd.h \
	sdk/tools/game_engine.c \
	sdk/tools/game_play.c \
	sdk/tools/game_show.c \
	sdk/tools/session.c \
	sdk/tools/session.h \
	sdk/tools/session_file.c \
	sdk/tools/game_bench.c \
	sdk/tools/game_bench.h \
	sdk/tools/game_reader.c \
	sdk/tools/game_reader.h \
	sdk/tools/game_verify.c \
	sdk/tools/game_verify.h \
	sdk/tools/tool.c \
	sdk/tools/tool.h
rrctl_game_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
rrctl_game_LDADD = $(KIT_LIBS) $(ZLIB_LIBS) $(JANSSON_LIBS)

rrlibexec_PROGRAMS += rrctl-match
rrctl_match_SOURCES = sdk/tools/rrctl_match.c sdk/tools/tool.c sdk/tools/tool.h
rrctl_match_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
rrctl_match_LDADD = $(KIT_LIBS) $(JANSSON_LIBS) -lm

rrlibexec_PROGRAMS += rrctl-report
rrctl_report_SOURCES = \
	sdk/tools/plot.c \
	sdk/tools/plot.h \
	sdk/tools/report.h \
	sdk/tools/report_draw.c \
	sdk/tools/report_events.c \
	sdk/tools/report_json.c \
	sdk/tools/report_match.c \
	sdk/tools/report_text.c \
	sdk/tools/rrctl_report.c
rrctl_report_CFLAGS = $(AM_CFLAGS) $(CAIRO_CFLAGS) $(JANSSON_CFLAGS)
rrctl_report_LDADD = $(KIT_LIBS) $(CAIRO_LIBS) $(JANSSON_LIBS) -lm
