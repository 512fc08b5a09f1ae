"""Tests of the facade, through what users see of it: calls, scrapes and logs."""
