# SPDX-License-Identifier: MIT
# Plugin files.
plug_scripts = tests/reliability/R31_plugin_check.sh
dist_check_SCRIPTS += $(plug_scripts)
TESTS += $(plug_scripts)
EXTRA_DIST += tests/broken/broken.c
