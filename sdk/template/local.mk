# SPDX-License-Identifier: MIT
# The template is installed as source; tests/core/test_sdk.sh does what its README says.
templatedir = $(rrdatadir)/template
dist_template_DATA = \
	sdk/template/50-hello.ini \
	sdk/template/Makefile \
	sdk/template/README.md \
	sdk/template/events.h \
	sdk/template/plugin.c \
	sdk/template/plugin_test.c
dist_check_SCRIPTS += tests/core/test_sdk.sh
TESTS += tests/core/test_sdk.sh
