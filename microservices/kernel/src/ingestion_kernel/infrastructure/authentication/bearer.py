"""Bearer tokens (RFC 6750)."""

import hashlib
import hmac


class BearerToken:
    """The one token that opens a service."""

    def __init__(self, token: str) -> None:
        self._digest = _digest(token)

    def accepts(self, authorization: str | None) -> bool:
        """True if the value of an Authorization header carries the token.

        Digests are compared in constant time, so neither the token's bytes nor its length can be timed.
        """
        scheme, _, token = (authorization or "").partition(" ")
        return hmac.compare_digest(_digest(token.strip()), self._digest) and scheme.lower() == "bearer"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
