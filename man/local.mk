# SPDX-License-Identifier: MIT
dist_man_MANS += man/rr-game.3 man/rr-game.7 man/rrctl-game.1 man/rrctl-match.1 \
	man/rrctl.8 man/rrd-plugin.7 man/rrd-protocol.7 man/rrd-sdk.3 \
	man/rrd.8 man/rrd.conf.5
EXTRA_DIST += man/tables.py

# Bring the lists in the man pages to what the code says, and make man/html/ of all pages.
docs: rrctl$(EXEEXT)
	python3 '$(srcdir)/man/tables.py' --write ./rrctl$(EXEEXT)
	@mandoc -T lint -W error /dev/null || { echo "make docs needs the package mandoc" >&2; exit 1; }
	$(MKDIR_P) man/html
	cd '$(srcdir)' && for page in $(dist_man_MANS); do \
		mandoc -T html -O 'toc,man=%N.%S.html' "$$page" > '$(abs_builddir)'/man/html/"$${page##*/}".html || exit 1; \
	done
clean-local: clean-html
clean-html:
	-rm -rf man/html
.PHONY: docs clean-html
