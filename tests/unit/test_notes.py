"""Warnings of any library, kept to be shown later."""

from __future__ import annotations

import logging

import pytest

from otel_executor_metrics._notes import Notes


def test_a_record_that_cannot_be_read_harms_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    """Who logs goes on, as with any handler; what can be read is kept."""
    logger = logging.getLogger("tests.notes")
    logger.propagate = False
    with Notes("tests.notes") as notes:
        logger.warning("%d files", "no number")
        logger.warning("two\nlines")

    assert notes.texts == ["two lines"]
    assert "no number" in capsys.readouterr().err
