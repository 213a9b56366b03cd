/*
 * Unit tests: one program a floor. A file tests/unit/<floor>_<thing>.c ends with
 *
 *	TEST_GROUP(thing, cmocka_unit_test(test_a), cmocka_unit_test(test_b))
 *
 * and tests/unit/main.c runs every group that is linked in.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct test_group {
	const char *name;
	const struct CMUnitTest *tests;
	size_t n;
};

/* Groups find one another through a linker section, so no list is kept by hand. */
#define TEST_GROUP(group, ...) \
	static const struct CMUnitTest group##_tests[] = {__VA_ARGS__}; \
	static const struct test_group group##_group = {#group, group##_tests, \
							sizeof(group##_tests) / \
								sizeof(group##_tests[0])}; \
	__attribute__((used, section("test_groups"))) static const struct test_group \
		*const group##_entry = &group##_group;

#endif
