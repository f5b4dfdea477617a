# SPDX-License-Identifier: MIT

check_PROGRAMS += tests/kit/test_rating
TESTS += tests/kit/test_rating
tests_kit_test_rating_LDADD = $(KIT_LIBS) -lm

check_PROGRAMS += tests/kit/test_shard tests/kit/test_npz
TESTS += tests/kit/test_shard tests/kit/test_npz tests/kit/test_npz_numpy.sh
EXTRA_DIST += tests/kit/nim.h tests/kit/test_npz_numpy.sh
tests_kit_test_shard_LDADD = $(KIT_LIBS) $(ZLIB_LIBS) -lm
tests_kit_test_npz_CFLAGS = $(AM_CFLAGS) $(LIBZIP_CFLAGS)
tests_kit_test_npz_LDADD = $(KIT_LIBS) $(LIBZIP_LIBS) -lm

check_PROGRAMS += tests/kit/test_search tests/kit/test_search_tree
TESTS += tests/kit/test_search tests/kit/test_search_tree
EXTRA_DIST += tests/kit/toy_game.h
tests_kit_test_search_LDADD = $(KIT_LIBS) -lm
tests_kit_test_search_tree_SOURCES = tests/kit/test_search_tree.c sdk/search/tree.c
tests_kit_test_search_tree_LDADD = -lm

check_PROGRAMS += tests/kit/test_arena
TESTS += tests/kit/test_arena
tests_kit_test_arena_LDADD = $(KIT_LIBS) -lm

check_PROGRAMS += tests/kit/test_opponent
TESTS += tests/kit/test_opponent
tests_kit_test_opponent_LDADD = $(KIT_LIBS) -lm

check_PROGRAMS += tests/kit/test_train
TESTS += tests/kit/test_train
EXTRA_DIST += tests/kit/toy_samples.h
tests_kit_test_train_LDADD = $(KIT_LIBS) -lm

check_PROGRAMS += tests/kit/test_net tests/kit/test_net_file tests/kit/test_net_grad \
	tests/kit/test_net_train
TESTS += tests/kit/test_net tests/kit/test_net_file tests/kit/test_net_grad \
	tests/kit/test_net_train
EXTRA_DIST += tests/kit/net_data.h
tests_kit_test_net_LDADD = $(KIT_LIBS) -lm
tests_kit_test_net_file_LDADD = $(KIT_LIBS) -lm
tests_kit_test_net_grad_LDADD = $(KIT_LIBS) -lm
tests_kit_test_net_train_LDADD = $(KIT_LIBS) -lm
