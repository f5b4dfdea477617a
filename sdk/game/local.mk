# SPDX-License-Identifier: MIT
rrinclude_HEADERS += sdk/include/rr/gamekit.h
librrkit_so_0_SOURCES += \
	sdk/game/load.c \
	sdk/game/find.c \
	sdk/game/image.c \
	sdk/game/check.c
