# SPDX-License-Identifier: MIT
# Plugin files; what rrctl doctor finds (N12).
plug_scripts = tests/reliability/R31_plugin_check.sh tests/reliability/N12_doctor.sh
dist_check_SCRIPTS += $(plug_scripts)
TESTS += $(plug_scripts)
EXTRA_DIST += tests/broken/broken.c
