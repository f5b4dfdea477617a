# SPDX-License-Identifier: MIT
bin_PROGRAMS += rrctl
rrctl_SOURCES = \
	core/rrctl/main.c core/rrctl/rrctl.h core/rrctl/commands.c \
	core/rrctl/args.c core/rrctl/args.h \
	core/rrctl/client.c core/rrctl/client.h \
	core/rrctl/cmd_check.c core/rrctl/cmd_events.c core/rrctl/cmd_help.c \
	core/rrctl/cmd_life.c core/rrctl/cmd_make.c core/rrctl/cmd_queue.c \
	core/rrctl/cmd_run.c core/rrctl/cmd_status.c core/rrctl/cmd_trace.c \
	core/rrctl/confd.c core/rrctl/confd.h \
	core/rrctl/out.c core/rrctl/out.h \
	core/rrctl/proc.c core/rrctl/proc.h \
	core/rrctl/run.h core/rrctl/run_daemon.c core/rrctl/run_view.c \
	core/rrctl/trace.c core/rrctl/trace.h \
	core/rrctl/view.c core/rrctl/view.h
rrctl_CPPFLAGS = $(AM_CPPFLAGS) -DRR_DATADIR='"$(rrdatadir)"'
rrctl_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
rrctl_LDADD = $(COMMON_LIBS) $(INIH_LIBS)

# Programs that run from the build tree find the default configuration and the template beside them.
all-local: link-data
link-data:
	@test -e conf.d || $(LN_S) $(abs_top_srcdir)/conf.d conf.d
	@test -e template || $(LN_S) $(abs_top_srcdir)/sdk/template template
distclean-local:
	@test ! -L conf.d || rm -f conf.d
	@test ! -L template || rm -f template
.PHONY: link-data

# Its paths are those of the installation, which make knows when it is asked. ([@]: configure must
# leave them alone here.)
if SYSTEMD
systemdsystemunit_DATA = contrib/systemd/rrd.service
endif
EXTRA_DIST += contrib/systemd/rrd.service.in
CLEANFILES += contrib/systemd/rrd.service
contrib/systemd/rrd.service: contrib/systemd/rrd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) contrib/systemd && \
	sed -e 's|[@]sbindir@|$(sbindir)|' -e 's|[@]bindir@|$(bindir)|' -e 's|[@]prefix@|$(prefix)|' '$(srcdir)/contrib/systemd/rrd.service.in' > $@

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = contrib/completion/rrctl
