# SPDX-License-Identifier: MIT
rrinclude_HEADERS += \
	sdk/include/rr/err.h \
	sdk/include/rr/opt.h \
	sdk/include/rr/event.h \
	sdk/include/rr/host.h \
	sdk/include/rr/plugin.h \
	sdk/include/rr/effect.h \
	sdk/include/rr/test.h \
	sdk/include/rr/test_host.h \
	sdk/include/rr/game.h \
	sdk/include/rr/net.h \
	sdk/include/rr/search.h \
	sdk/include/rr/arena.h \
	sdk/include/rr/opponent.h \
	sdk/include/rr/shard.h \
	sdk/include/rr/npz.h \
	sdk/include/rr/rating.h \
	sdk/include/rr/events.h

# librrkit: the building blocks that stages share. Each folder adds to its sources.
kit_PROGRAMS += librrkit.so.0
librrkit_so_0_SOURCES =
librrkit_so_0_CFLAGS = $(CFLAGS_SHARED_FAST) $(JANSSON_CFLAGS) $(LIBZIP_CFLAGS) $(CRYPTO_CFLAGS)
librrkit_so_0_LDFLAGS = $(LDFLAGS_SHARED) -Wl,-soname,librrkit.so.0
librrkit_so_0_LDADD = $(JANSSON_LIBS) $(LIBZIP_LIBS) $(ZLIB_LIBS) $(CRYPTO_LIBS) $(DNNL_LIBS) -lm -lpthread -ldl

# What a user of the kit links with.
KIT_LIBS = librrkit.so.0

include sdk/game/local.mk
include sdk/net/local.mk
include sdk/search/local.mk
include sdk/data/local.mk
include sdk/train/local.mk
include sdk/rating/local.mk
include sdk/tools/local.mk
include sdk/abi/local.mk
include sdk/template/local.mk

# The name that -lrrkit is looked up by.
install-data-hook:
	cd '$(DESTDIR)$(kitdir)' && rm -f librrkit.so && $(LN_S) librrkit.so.0 librrkit.so

uninstall-hook:
	rm -f '$(DESTDIR)$(kitdir)/librrkit.so'
