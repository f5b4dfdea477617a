# SPDX-License-Identifier: MIT
# What crosses the border to plugins, recorded per version; see README.md here.
check_PROGRAMS += sdk/abi/layout
sdk_abi_layout_SOURCES = sdk/abi/layout.c
EXTRA_DIST += sdk/abi/README.md sdk/abi/plugin-1.0.txt sdk/abi/game-1.0.txt sdk/abi/game-1.1.txt sdk/abi/game-1.2.txt
dist_check_SCRIPTS += tests/core/test_abi.sh
TESTS += tests/core/test_abi.sh

# Write the records of the versions that the headers state now.
abi-record: sdk/abi/layout
	for abi in plugin game; do \
	    text=`sdk/abi/layout $$abi` || exit 1; \
	    version=`echo "$$text" | sed -n "s/^abi $$abi //p"`; \
	    echo "$$text" >$(srcdir)/sdk/abi/$$abi-$$version.txt || exit 1; \
	done
.PHONY: abi-record
