# SPDX-License-Identifier: MIT
# Configuration and reload.
dist_check_SCRIPTS += tests/reliability/R63_reload.sh
TESTS += tests/reliability/R63_reload.sh
