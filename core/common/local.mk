# SPDX-License-Identifier: MIT
# libcommon: what the three programs share. Users link $(COMMON_LIBS), and of ini.h $(INIH_LIBS).
noinst_LIBRARIES += libcommon.a
libcommon_a_SOURCES =
libcommon_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS) $(INIH_CFLAGS)
COMMON_LIBS = libcommon.a $(JANSSON_LIBS) $(CRYPTO_LIBS) -lm

libcommon_a_SOURCES += \
	core/common/elf.c core/common/elf.h \
	core/common/fail.c core/common/fail.h \
	core/common/ini.c core/common/ini.h \
	core/common/jget.h \
	core/common/status.c core/common/status.h \
	core/common/sha256.c core/common/sha256.h \
	core/common/wire.c core/common/wire.h \
	core/common/log.c core/common/log.h \
	core/common/mem.c core/common/mem.h \
	core/common/paths.c core/common/paths.h \
	core/common/text.c core/common/text.h core/common/text_opt.c
