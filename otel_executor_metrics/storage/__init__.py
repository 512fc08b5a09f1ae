"""The state of series: what handles write to, where it lives, and who else may read it."""
