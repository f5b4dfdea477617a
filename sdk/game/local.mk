# SPDX-License-Identifier: MIT
rrinclude_HEADERS += sdk/include/rr/gamekit.h
librrkit_so_0_SOURCES += \
	sdk/game/load.c \
	sdk/game/find.c \
	sdk/game/image.c \
	sdk/game/check.c \
	sdk/game/check.h \
	sdk/game/check_opinion.c \
	sdk/game/check_symmetry.c \
	sdk/game/check_text.c
