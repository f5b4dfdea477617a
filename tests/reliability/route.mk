# SPDX-License-Identifier: MIT
# Routing: leases, the workers' protocol, back-pressure, replay.
route_scripts = tests/reliability/R37_protocol.sh tests/reliability/R38_poison.sh \
	tests/reliability/R50_soak.sh tests/reliability/R51_burst.sh \
	tests/reliability/R53_payloads.sh
dist_check_SCRIPTS += $(route_scripts)
TESTS += $(route_scripts)
