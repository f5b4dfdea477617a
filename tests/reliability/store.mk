# SPDX-License-Identifier: MIT
# The store: disk, damage, formats.
store_reliability = tests/reliability/R12_torn_write tests/reliability/R13_bit_flips \
	tests/reliability/R14_truncation tests/reliability/R16_wrong_file \
	tests/reliability/R20_upgrade tests/reliability/R10_disk_full \
	tests/reliability/R11_io_errors tests/reliability/R15_map_full \
	tests/reliability/R21_long_queue tests/reliability/R22_pinned_event
check_PROGRAMS += $(store_reliability)
TESTS += $(store_reliability)
EXTRA_DIST += tests/fake/disk.h tests/reliability/store_rig.h tests/data/store-1/data.mdb.gz \
	tests/data/store-2/data.mdb.gz
tests_reliability_R12_torn_write_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R13_bit_flips_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R14_truncation_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R16_wrong_file_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R20_upgrade_LDADD = $(RRDCORE_LIBS) $(ZLIB_LIBS) -lm
tests_reliability_R10_disk_full_SOURCES = tests/reliability/R10_disk_full.c tests/fake/disk.c
tests_reliability_R10_disk_full_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R11_io_errors_SOURCES = tests/reliability/R11_io_errors.c tests/fake/disk.c
tests_reliability_R11_io_errors_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R15_map_full_LDADD = $(RRDCORE_LIBS) -lm
store_scripts = tests/reliability/R17_two_daemons.sh tests/reliability/R18_stale.sh \
	tests/reliability/R19_directory_gone.sh
dist_check_SCRIPTS += $(store_scripts)
TESTS += $(store_scripts)
tests_reliability_R21_long_queue_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R22_pinned_event_LDADD = $(RRDCORE_LIBS) -lm
