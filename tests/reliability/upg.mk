# SPDX-License-Identifier: MIT
# Upgrades of plugins, power cuts.
upg_scripts = tests/reliability/N8_upgrade.sh tests/reliability/R07_copies.sh
dist_check_SCRIPTS += $(upg_scripts)
TESTS += $(upg_scripts)
check_PROGRAMS += tests/reliability/R07_power_cut
TESTS += tests/reliability/R07_power_cut
tests_reliability_R07_power_cut_SOURCES = tests/reliability/R07_power_cut.c tests/fake/disk.c
tests_reliability_R07_power_cut_LDADD = $(RRDCORE_LIBS) -lm
