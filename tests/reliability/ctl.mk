# SPDX-License-Identifier: MIT
# Control socket and its requests. R68, the workers' protocol, is tests/fuzz/fuzz_wire and fuzz_frames.
TESTS += tests/reliability/R65_control_requests.sh
dist_check_SCRIPTS += tests/reliability/R65_control_requests.sh
