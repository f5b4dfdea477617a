# SPDX-License-Identifier: MIT
# Upgrades of plugins, power cuts.
dist_check_SCRIPTS += tests/reliability/N8_upgrade.sh
TESTS += tests/reliability/N8_upgrade.sh
