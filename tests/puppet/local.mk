# SPDX-License-Identifier: MIT
# Stages for the tests. `make check` builds them; conf.d of a test names BUILD/tests/puppet as its
# plugin_path.
check_PROGRAMS += tests/puppet/puppet.so tests/puppet/ring_source.so tests/puppet/ring_work.so \
	tests/puppet/ring_sink.so

tests_puppet_puppet_so_SOURCES = tests/puppet/puppet.c tests/puppet/foul.c tests/puppet/harm.c \
	tests/puppet/puppet.h
tests_puppet_puppet_so_CFLAGS = $(CFLAGS_SHARED) $(JANSSON_CFLAGS)
tests_puppet_puppet_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_puppet_so_LDADD = -lpthread

ring_sources = tests/puppet/ring.c tests/puppet/ring.h
tests_puppet_ring_source_so_SOURCES = $(ring_sources)
tests_puppet_ring_source_so_CPPFLAGS = $(AM_CPPFLAGS) -DRING_NAME=ring_source -DRING_SOURCE \
	-DRING_IN=ring_sunk -DRING_OUT=ring_started
tests_puppet_ring_source_so_CFLAGS = $(CFLAGS_SHARED)
tests_puppet_ring_source_so_LDFLAGS = $(LDFLAGS_SHARED)
tests_puppet_ring_work_so_SOURCES = $(ring_sources)
tests_puppet_ring_work_so_CPPFLAGS = $(AM_CPPFLAGS) -DRING_NAME=ring_work \
	-DRING_IN=ring_started -DRING_OUT=ring_worked
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
