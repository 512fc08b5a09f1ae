"""What to do where an endpoint gave no answer that can be read."""

from __future__ import annotations

import re
from typing import Final

from otel_executor_metrics.scraping.error import ScrapeError

_REMEDIES: Final = (
    (r"it answers 40[13] ", "give credentials that it admits; --help names the files for them"),
    (r"it answers 404 ", "give the whole URL; metrics are at /metrics, mostly"),
    (
        r"it answers 400 ",
        "give https:// in place of http:// if the port has a certificate; else see the log of the"
        " program, or of the proxy before it",
    ),
    (r"it answers [45]\d\d ", "see the log of the program, or of the proxy before it"),
    (r"WRONG_VERSION_NUMBER", "give http:// in place of https://, it speaks no TLS"),
    (r"CERTIFICATE_VERIFY_FAILED", "give --ca-file, and the host that its certificate names"),
    (r"timed out|not end in time", "give a longer --timeout, and see whether it is overloaded"),
    (
        r"\[Errno ",
        "see that the program runs, that METRICS_HOST admits this machine (0.0.0.0: all), and that"
        " no firewall stands between",
    ),
)
"""Patterns of reasons, as HTTP, OpenSSL and the system name them; the first that fits counts."""

_OTHERWISE: Final = "see what answers at that URL: it has to be an endpoint of metrics"


def remedy(error: ScrapeError) -> str:
    """Return what to do about ``error``, in one line."""
    fitting = (told for pattern, told in _REMEDIES if re.search(pattern, str(error)))
    return next(fitting, _OTHERWISE)
