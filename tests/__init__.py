"""The tests; a package, so that `tests.support` has a name and `tests/typing` shadows nothing."""
