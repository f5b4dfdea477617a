# SPDX-License-Identifier: MIT
dist_man_MANS += man/rr-game.3 man/rr-game.7 man/rrctl-game.1 man/rrctl-match.1 \
	man/rrctl.8 man/rrd-plugin.7 man/rrd-protocol.7 man/rrd-sdk.3 \
	man/rrd.8 man/rrd.conf.5
EXTRA_DIST += man/tables.py

# Bring the lists in the man pages to what the code says.
docs: rrctl$(EXEEXT)
	python3 '$(srcdir)/man/tables.py' --write ./rrctl$(EXEEXT)
.PHONY: docs
