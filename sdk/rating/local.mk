# SPDX-License-Identifier: MIT
librrkit_so_0_SOURCES += \
	sdk/rating/interval.c \
	sdk/rating/sprt.c \
	sdk/rating/elo.c
