"""Faults that `scripts/mutants` plants in a copy of the package, for the tests to notice."""
