"""Tests of the pure parts: names, labels, numbers, the catalogue and the settings."""
