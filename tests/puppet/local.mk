# SPDX-License-Identifier: MIT
# Stages for the tests. `make check` builds them; conf.d of a test names BUILD/tests/puppet as its
# plugin_path.
check_PROGRAMS += tests/puppet/puppet.so tests/puppet/ring_source.so tests/puppet/ring_work.so \
	tests/puppet/ring_sink.so

tests_puppet_puppet_so_SOURCES = tests/puppet/puppet.c tests/puppet/foul.c tests/puppet/harm.c \
	tests/puppet/puppet.h tests/puppet/stage.h
tests_puppet_puppet_so_CFLAGS = $(CFLAGS_SHARED) $(JANSSON_CFLAGS)
tests_puppet_puppet_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_puppet_so_LDADD = -lpthread

ring_sources = tests/puppet/ring.c tests/puppet/ring.h tests/puppet/stage.h
tests_puppet_ring_source_so_SOURCES = $(ring_sources)
tests_puppet_ring_source_so_CPPFLAGS = $(AM_CPPFLAGS) -DRING_NAME=ring_source -DRING_SOURCE \
	-DRING_IN=ring_sunk -DRING_OUT=ring_started
tests_puppet_ring_source_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_ring_source_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_ring_work_so_SOURCES = $(ring_sources)
tests_puppet_ring_work_so_CPPFLAGS = $(AM_CPPFLAGS) -DRING_NAME=ring_work \
	-DRING_IN=ring_started -DRING_OUT=ring_worked -DRING_TELLS
tests_puppet_ring_work_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_ring_work_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_ring_sink_so_SOURCES = $(ring_sources)
tests_puppet_ring_sink_so_CPPFLAGS = $(AM_CPPFLAGS) -DRING_NAME=ring_sink \
	-DRING_IN=ring_worked -DRING_OUT=ring_sunk
tests_puppet_ring_sink_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_ring_sink_so_LDFLAGS = $(LDFLAGS_SHARED)

check_PROGRAMS += tests/puppet/no_symbol.so
tests_puppet_no_symbol_so_SOURCES = tests/puppet/no_symbol.c
tests_puppet_no_symbol_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_no_symbol_so_LDFLAGS = $(LDFLAGS_SHARED)

# A chain through which events flow: source, pass1 … pass4, sink; end takes what the source makes.
flow_sources = tests/puppet/flow.c tests/puppet/flow.h tests/puppet/stage.h
check_PROGRAMS += tests/puppet/flow_source.so \
	tests/puppet/flow_pass1.so \
	tests/puppet/flow_pass2.so \
	tests/puppet/flow_pass3.so \
	tests/puppet/flow_pass4.so \
	tests/puppet/flow_sink.so \
	tests/puppet/flow_end.so
tests_puppet_flow_source_so_SOURCES = $(flow_sources)
tests_puppet_flow_source_so_CPPFLAGS = $(AM_CPPFLAGS) -DFLOW_NAME=flow_source -DFLOW_OUT=flow_1
tests_puppet_flow_source_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_flow_source_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_flow_pass1_so_SOURCES = $(flow_sources)
tests_puppet_flow_pass1_so_CPPFLAGS = $(AM_CPPFLAGS) -DFLOW_NAME=flow_pass1 -DFLOW_IN=flow_1 -DFLOW_OUT=flow_2
tests_puppet_flow_pass1_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_flow_pass1_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_flow_pass2_so_SOURCES = $(flow_sources)
tests_puppet_flow_pass2_so_CPPFLAGS = $(AM_CPPFLAGS) -DFLOW_NAME=flow_pass2 -DFLOW_IN=flow_2 -DFLOW_OUT=flow_3
tests_puppet_flow_pass2_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_flow_pass2_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_flow_pass3_so_SOURCES = $(flow_sources)
tests_puppet_flow_pass3_so_CPPFLAGS = $(AM_CPPFLAGS) -DFLOW_NAME=flow_pass3 -DFLOW_IN=flow_3 -DFLOW_OUT=flow_4
tests_puppet_flow_pass3_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_flow_pass3_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_flow_pass4_so_SOURCES = $(flow_sources)
tests_puppet_flow_pass4_so_CPPFLAGS = $(AM_CPPFLAGS) -DFLOW_NAME=flow_pass4 -DFLOW_IN=flow_4 -DFLOW_OUT=flow_5
tests_puppet_flow_pass4_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_flow_pass4_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_flow_sink_so_SOURCES = $(flow_sources)
tests_puppet_flow_sink_so_CPPFLAGS = $(AM_CPPFLAGS) -DFLOW_NAME=flow_sink -DFLOW_IN=flow_5
tests_puppet_flow_sink_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_flow_sink_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_flow_end_so_SOURCES = $(flow_sources)
tests_puppet_flow_end_so_CPPFLAGS = $(AM_CPPFLAGS) -DFLOW_NAME=flow_end -DFLOW_IN=flow_1
tests_puppet_flow_end_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_flow_end_so_LDFLAGS = $(LDFLAGS_SHARED)

# A plugin of which tests make versions.
check_PROGRAMS += tests/puppet/version.so
tests_puppet_version_so_SOURCES = tests/puppet/version.c tests/puppet/flow.h tests/puppet/stage.h
tests_puppet_version_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_version_so_LDFLAGS = $(LDFLAGS_SHARED)
