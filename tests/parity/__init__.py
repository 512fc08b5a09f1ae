"""Tests of the comparison of two expositions."""
