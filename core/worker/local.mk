# SPDX-License-Identifier: MIT
rrlibexec_PROGRAMS += rrd-worker
# The tests use the parts of the worker without its main().
worker_sources = \
	core/worker/codec.c core/worker/codec.h \
	core/worker/host.c core/worker/host.h \
	core/worker/io.c core/worker/io.h \
	core/worker/load.c core/worker/load.h core/worker/load_check.c \
	core/worker/manifest.c core/worker/manifest.h \
	core/worker/options.c core/worker/options.h \
	core/worker/rights.c core/worker/rights.h \
	core/worker/serve.c core/worker/serve.h
rrd_worker_SOURCES = core/worker/main.c $(worker_sources)
rrd_worker_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
rrd_worker_LDADD = $(COMMON_LIBS) -ldl -lpthread -lm
