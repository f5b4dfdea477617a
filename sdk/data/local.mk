# SPDX-License-Identifier: MIT
rrinclude_HEADERS += sdk/include/rr/digest.h sdk/include/rr/state.h \
	sdk/include/rr/artifact.h
librrkit_so_0_SOURCES += \
	sdk/data/digest.c \
	sdk/data/le.h \
	sdk/data/shard_format.h sdk/data/shard_write.c sdk/data/shard_read.c \
	sdk/data/record.c \
	sdk/data/npy.c sdk/data/npy.h \
	sdk/data/npz_write.c sdk/data/npz_read.c \
	sdk/data/state.c sdk/data/artifact.c
