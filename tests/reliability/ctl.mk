# SPDX-License-Identifier: MIT
# Control socket and its requests. R68, the workers' protocol, is tests/fuzz/fuzz_wire and fuzz_frames.
ctl_scripts = tests/reliability/R64_control_socket.sh tests/reliability/R65_control_requests.sh \
	tests/reliability/R66_ill_daemons.sh tests/reliability/R67_subcommands.sh
TESTS += $(ctl_scripts)
dist_check_SCRIPTS += $(ctl_scripts)
