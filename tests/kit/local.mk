# SPDX-License-Identifier: MIT

check_PROGRAMS += tests/kit/test_rating
TESTS += tests/kit/test_rating
tests_kit_test_rating_SOURCES = tests/kit/test_rating.c
tests_kit_test_rating_LDADD = $(KIT_LIBS) -lm
