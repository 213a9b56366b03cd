/* Runs every test group of this program; the exit status is 1 if any test failed. */
#include "tests/unit/unit.h"

extern const struct test_group *const __start_test_groups[];
extern const struct test_group *const __stop_test_groups[];

int main(void)
{
	int failed = 0;

	for (const struct test_group *const *g = __start_test_groups; g < __stop_test_groups; g++)
		failed += _cmocka_run_group_tests((*g)->name, (*g)->tests, (*g)->n, NULL, NULL);
	return failed != 0;
}
