# SPDX-License-Identifier: MIT
# The store: disk, damage, formats.
store_reliability = tests/reliability/R12_torn_write tests/reliability/R13_bit_flips \
	tests/reliability/R14_truncation tests/reliability/R16_wrong_file \
	tests/reliability/R20_upgrade
check_PROGRAMS += $(store_reliability)
TESTS += $(store_reliability)
EXTRA_DIST += tests/reliability/store_rig.h tests/data/store-1/data.mdb.gz
tests_reliability_R12_torn_write_SOURCES = tests/reliability/R12_torn_write.c
tests_reliability_R12_torn_write_CFLAGS = $(core_unit_cflags)
tests_reliability_R12_torn_write_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R13_bit_flips_SOURCES = tests/reliability/R13_bit_flips.c
tests_reliability_R13_bit_flips_CFLAGS = $(core_unit_cflags)
tests_reliability_R13_bit_flips_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R14_truncation_SOURCES = tests/reliability/R14_truncation.c
tests_reliability_R14_truncation_CFLAGS = $(core_unit_cflags)
tests_reliability_R14_truncation_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R16_wrong_file_SOURCES = tests/reliability/R16_wrong_file.c
tests_reliability_R16_wrong_file_CFLAGS = $(core_unit_cflags)
tests_reliability_R16_wrong_file_LDADD = $(RRDCORE_LIBS) -lm
tests_reliability_R20_upgrade_SOURCES = tests/reliability/R20_upgrade.c
tests_reliability_R20_upgrade_CFLAGS = $(core_unit_cflags)
tests_reliability_R20_upgrade_LDADD = $(RRDCORE_LIBS) $(ZLIB_LIBS) -lm
