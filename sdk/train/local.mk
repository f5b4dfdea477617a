# SPDX-License-Identifier: MIT
rrinclude_HEADERS += sdk/include/rr/train.h
librrkit_so_0_SOURCES += \
	sdk/train/checkpoint.c \
	sdk/train/fit.c \
	sdk/train/order.c \
	sdk/train/samples.c \
	sdk/train/train_int.h
