"""Tests of the Dockerfile and of compose.yaml, as far as they go without a container engine."""
