# SPDX-License-Identifier: MIT
include core/common/local.mk
include core/rrd/local.mk
include core/worker/local.mk
include core/rrctl/local.mk
