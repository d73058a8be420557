"""OAuth 2.0 client credentials (RFC 6749, 4.4): one access token, shared and renewed before it expires."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from ingestion_kernel.domain.exceptions import SourceAccessDenied, SourceDataInvalid
from pydantic import SecretStr

from api_ingestion.application.helpers.documents import scalar_text

#: Share of a token's life after which it is renewed, so that none expires on its way.
_RENEW_AT = 0.8
#: Seconds, where the answer has no expires_in (it is only RECOMMENDED, RFC 6749 5.1).
_DEFAULT_LIFE = 300.0


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A POST to the token endpoint; its texts hold secrets, so they have no repr."""

    headers: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] = field(repr=False)


#: Sends a token request and returns the JSON document that answers it.
Post = Callable[[TokenRequest], Any]


class ClientCredentials:
    """Gives the access token. Thread-safe: whoever comes while it is fetched waits for that one.

    Args:
        client_id: as registered with the partner.
        secret: as registered.
        in_body: send both in the form instead of by Basic authentication (RFC 6749, 2.3.1).
        extra: further form fields, such as scope.
        now: monotonic seconds.
    """

    def __init__(
        self,
        client_id: str,
        secret: SecretStr,
        in_body: bool,
        extra: Mapping[str, str],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client_id = client_id
        self._secret = secret
        self._in_body = in_body
        self._extra = dict(extra)
        self._now = now
        self._lock = threading.Lock()
        self._token: SecretStr | None = None
        self._renew_at = 0.0

    def token(self, post: Post) -> SecretStr:
        """The token of the moment, fetched by `post` if there is none or it is old.

        Raises:
            SourceDataInvalid: the endpoint's answer holds no usable bearer token.
            IngestionError: what `post` raises.
        """
        with self._lock:
            if self._token is None or self._now() >= self._renew_at:
                asked_at = self._now()
                self._token, life = _read(post(self._request()))
                self._renew_at = asked_at + life * _RENEW_AT
            return self._token

    def refused(self, token: SecretStr) -> None:
        """The API did not accept `token`: the next call fetches another, unless somebody has already."""
        with self._lock:
            if token is self._token:
                self._token = None

    def _request(self) -> TokenRequest:
        form = {"grant_type": "client_credentials", **self._extra}
        secret = self._secret.get_secret_value()
        if self._in_body:
            return TokenRequest({}, form | {"client_id": self._client_id, "client_secret": secret})
        pair = f"{quote_plus(self._client_id)}:{quote_plus(secret)}"
        return TokenRequest({"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}, form)


def _read(document: Any) -> tuple[SecretStr, float]:
    answer = document if isinstance(document, Mapping) else {}
    token = scalar_text(answer.get("access_token")) or ""
    kind = (scalar_text(answer.get("token_type")) or "").lower()
    if kind != "bearer" or not token or " " in token or not (token.isascii() and token.isprintable()):
        raise SourceDataInvalid(
            "the token endpoint's answer holds no bearer token (RFC 6749, 5.1)", advice="Check API_TOKEN_URL."
        )
    try:
        life = float(scalar_text(answer.get("expires_in")) or _DEFAULT_LIFE)
    except ValueError:
        life = _DEFAULT_LIFE
    return SecretStr(token), max(0.0, life) if life == life else _DEFAULT_LIFE


def refused_by_endpoint(status: int) -> SourceAccessDenied:
    """The fault of a token endpoint that answers `status` to our credentials."""
    return SourceAccessDenied(
        f"the token endpoint answered {status}",
        advice="Check API_CLIENT_ID, API_CLIENT_SECRET, API_TOKEN_AUTH and API_TOKEN_SCOPE with the partner.",
    )
