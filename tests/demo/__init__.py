"""Tests of the commands ``demo`` and ``serve``, and of the workload."""
