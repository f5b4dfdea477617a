# SPDX-License-Identifier: MIT
# Routing: leases, the workers' protocol, back-pressure, replay.
route_scripts = tests/reliability/R37_protocol.sh
dist_check_SCRIPTS += $(route_scripts)
TESTS += $(route_scripts)
