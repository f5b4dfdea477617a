# SPDX-License-Identifier: MIT
dist_man_MANS += man/rrctl.8
dist_man_MANS += man/rr-game.3
dist_man_MANS += man/rrd-plugin.7
dist_man_MANS += man/rrd.8 man/rrd.conf.5
