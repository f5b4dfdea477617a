# SPDX-License-Identifier: MIT
include plugins/games/ringrift/local.mk
include plugins/games/connect4/local.mk
include plugins/games/othello/local.mk
include plugins/selfplay/local.mk
include plugins/data_sync/local.mk
include plugins/npz_export/local.mk
include plugins/scheduler/local.mk
include plugins/trainer/local.mk
include plugins/gauntlet/local.mk
include plugins/curriculum/local.mk
