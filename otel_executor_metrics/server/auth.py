"""Who may read: HTTP basic and bearer credentials, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from typing import Protocol

from otel_executor_metrics.errors import SettingError


class Authorizer(Protocol):
    """Decide on the value of an Authorization header; any object of this shape will do."""

    @property
    def challenges(self) -> tuple[str, ...]:
        """The WWW-Authenticate values sent with a refusal."""
        ...

    def __call__(self, authorization: str | None, /) -> bool:
        """Tell whether ``authorization`` (None: no such header) admits the client."""
        ...


class BasicAuth:
    """Admit one user and password (RFC 7617); only their digest is kept.

    Raises:
        SettingError: a part is empty or has control characters, or the user has a colon.
    """

    challenges = ('Basic realm="metrics", charset="UTF-8"',)

    def __init__(self, user: str, password: str) -> None:
        for part, value in (("user", user), ("password", password)):
            _refuse_unusable("basic_auth", part, value)
        if ":" in user:
            raise _refusal("basic_auth", "the user must not contain ':', which ends it")
        self._digest = _digest(f"{user}:{password}".encode())

    def __call__(self, authorization: str | None, /) -> bool:
        """Tell whether the header carries the user and the password."""
        try:
            sent = base64.b64decode(_credentials(authorization, "basic"), validate=True)
        except ValueError:  # not base64, or not even ASCII
            sent = b""
        return hmac.compare_digest(_digest(sent), self._digest)

    def __repr__(self) -> str:
        return "BasicAuth(hidden)"


class BearerToken:
    """Admit one token (RFC 6750); only its digest is kept.

    Raises:
        SettingError: it is empty, or has spaces or control characters.
    """

    challenges = ('Bearer realm="metrics"',)

    def __init__(self, token: str) -> None:
        _refuse_unusable("bearer_token", "token", token)
        if token != "".join(token.split()):
            raise _refusal("bearer_token", "the token must not contain spaces")
        self._digest = _digest(token.encode())

    def __call__(self, authorization: str | None, /) -> bool:
        """Tell whether the header carries the token."""
        # Headers arrive decoded as Latin-1; this gives back the bytes that were sent.
        sent = _credentials(authorization, "bearer").encode("latin-1", "replace")
        return hmac.compare_digest(_digest(sent), self._digest)

    def __repr__(self) -> str:
        return "BearerToken(hidden)"


class AnyOf:
    """Admit whoever one of several authorizers admits."""

    def __init__(self, *authorizers: Authorizer) -> None:
        self._authorizers = authorizers
        self.challenges = tuple(each for one in authorizers for each in one.challenges)

    def __call__(self, authorization: str | None, /) -> bool:
        """Tell whether any admits; all are asked, so that the time tells nothing."""
        verdicts = [authorizer(authorization) for authorizer in self._authorizers]
        return any(verdicts)

    def __repr__(self) -> str:
        return f"AnyOf{self._authorizers!r}"


def _credentials(authorization: str | None, scheme: str) -> str:
    sent_scheme, _, rest = (authorization or "").strip().partition(" ")
    return rest.strip() if sent_scheme.lower() == scheme else ""


def _digest(secret: bytes) -> bytes:
    """Return what is compared in place of ``secret``: one length, whatever the secret's."""
    return hashlib.sha256(secret).digest()


def _refuse_unusable(setting: str, part: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise _refusal(setting, f"the {part} must be a non-empty text")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        rule = f"the {part} must not contain control characters (a line end of its file?)"
        raise _refusal(setting, rule)


def _refusal(setting: str, rule: str) -> SettingError:
    return SettingError(setting, "(hidden)", rule)
