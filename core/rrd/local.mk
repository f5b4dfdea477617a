# SPDX-License-Identifier: MIT
# rrd, the daemon. Unit tests link librrdcore.a, which is everything but main.c.
noinst_LIBRARIES += librrdcore.a
librrdcore_a_SOURCES = \
	core/rrd/conf.c core/rrd/conf.h core/rrd/conf_plugin.c \
	core/rrd/conf_schema.c core/rrd/conf_schema.h \
	core/rrd/ctl.c core/rrd/ctl.h core/rrd/ctl_cmds.c core/rrd/ctl_events.c \
	core/rrd/ctl_queue.c core/rrd/ctl_socket.c \
	core/rrd/ctl_status.c \
	core/rrd/daemon.c \
	core/rrd/deaths.c core/rrd/deaths.h \
	core/rrd/doctor.c core/rrd/doctor.h core/rrd/doctor_daemon.c \
	core/rrd/frames.c core/rrd/frames.h \
	core/rrd/graph.c core/rrd/graph.h core/rrd/graph_out.c \
	core/rrd/health.c core/rrd/health.h \
	core/rrd/helper.c core/rrd/helper.h \
	core/rrd/kept.c core/rrd/kept.h \
	core/rrd/link.c core/rrd/link.h \
	core/rrd/lock.c core/rrd/lock.h \
	core/rrd/manifest.c core/rrd/manifest.h \
	core/rrd/notes.c core/rrd/notes.h core/rrd/notify.c core/rrd/notify.h \
	core/rrd/offline.c core/rrd/offline.h \
	core/rrd/options.c core/rrd/options.h \
	core/rrd/probe.c core/rrd/probe.h \
	core/rrd/plugins.c core/rrd/plugins.h \
	core/rrd/report.c core/rrd/report.h \
	core/rrd/plan.c core/rrd/plan.h core/rrd/reload.c core/rrd/reload.h \
	core/rrd/record.c core/rrd/record.h \
	core/rrd/room.c core/rrd/room.h \
	core/rrd/route.c core/rrd/route.h core/rrd/route_dispatch.c core/rrd/route_lease.c \
	core/rrd/rrd.h \
	core/rrd/slots.c core/rrd/slots.h \
	core/rrd/spawn.c core/rrd/spawn.h \
	core/rrd/stage_log.c core/rrd/stage_log.h \
	core/rrd/store.c core/rrd/store.h core/rrd/store_event.c core/rrd/store_int.h \
	core/rrd/store_counters.c core/rrd/store_lineage.c core/rrd/store_op.c core/rrd/store_queue.c core/rrd/store_repair.c core/rrd/store_space.c core/rrd/store_table.c core/rrd/store_text.c core/rrd/store_thread.c core/rrd/store_verify.c core/rrd/store_verify.h \
	core/rrd/sup.c core/rrd/sup.h \
	core/rrd/sup_clock.c core/rrd/sup_order.c core/rrd/sup_run.c core/rrd/sup_run.h \
	core/rrd/sweep.c \
	core/rrd/sys.h core/rrd/sys_posix.c \
	core/rrd/upgrade.c core/rrd/upgrade.h \
	core/rrd/why.c core/rrd/why.h
librrdcore_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(EVENT_CFLAGS)
RRDCORE_LIBS = librrdcore.a $(COMMON_LIBS) $(EVENT_LIBS) $(INIH_LIBS) $(LMDB_LIBS)

sbin_PROGRAMS += rrd
rrd_SOURCES = core/rrd/main.c
rrd_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(EVENT_CFLAGS)
rrd_LDADD = $(RRDCORE_LIBS)
nobase_dist_rrdata_DATA += conf.d/00-core.ini
EXTRA_DIST += doc/core.md doc/store-format.md doc/bench.md doc/failure-model.md
