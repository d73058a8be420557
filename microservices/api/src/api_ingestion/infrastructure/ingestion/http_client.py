"""Reads one JSON document at a time over HTTP, within limits, from one origin only."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx
from ingestion_kernel.domain.exceptions import (
    ConfigurationInvalid,
    SourceAccessDenied,
    SourceDataInvalid,
    SourceUnavailable,
)
from ingestion_kernel.domain.ports.clock import Clock
from pydantic import SecretStr

from api_ingestion.application.helpers.documents import at_path, parse_json, scalar_text, split_path
from api_ingestion.application.helpers.paging import PageAnswer, PageRequest
from api_ingestion.infrastructure.authentication.client_credentials import (
    ClientCredentials,
    TokenRequest,
    refused_by_endpoint,
)
from api_ingestion.infrastructure.authentication.headers import credential_headers
from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.exchange import Answer, Exchanger
from api_ingestion.infrastructure.ingestion.network import Resolver, resolve
from api_ingestion.infrastructure.ingestion.rate_limit import TokenBucket, exhausted_for
from api_ingestion.infrastructure.ingestion.retries import (
    RETRIED_STATUSES,
    Retrier,
    TransientFault,
    http_date,
    parse_retry_after,
)

_MEDIA_TYPE = re.compile(r"\A[\w.+-]+/[\w.+-]+")
_POSITION_LOST = frozenset({400, 404, 410, 422})
_MAX_TOKEN_BYTES = 65_536
_CONDITIONS = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}
_NO_FAILURE = (None, "", "false", "0")


class PositionRefused(ConfigurationInvalid):
    """The API does not accept the request: a wrong setting, or a cursor that has expired."""


class Unauthorized(SourceAccessDenied):
    """401: the credentials are wrong, or the token has expired."""


class ApiClient:
    """One run's connection to the API; a context manager. One thread at a time reads, any may abort.

    Args:
        settings: what the API is like.
        clock: to tell when the API may be asked again.
        credentials: fetches tokens where the API wants them; outlives the run.
        bucket: the rate limit; outlives the run.
        resolver: gives a host's addresses.
    """

    def __init__(
        self,
        settings: ApiSettings,
        clock: Clock,
        credentials: ClientCredentials | None,
        bucket: TokenBucket,
        resolver: Resolver = resolve,
    ) -> None:
        self._settings = settings
        self._url = httpx.URL(settings.api_url)
        self._clock = clock
        self._credentials = credentials
        self._bucket = bucket
        self._headers = credential_headers(settings)
        self._failure_path = split_path(settings.api_failure_path) if settings.api_failure_path else None
        self._stop = threading.Event()
        self._retrier = Retrier(settings, clock, self._stop)
        self._exchanger = Exchanger(settings, resolver)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exchanger.close()

    @property
    def retries(self) -> int:
        """Requests repeated so far."""
        return self._retrier.retries

    def abort(self) -> None:
        """End the read that is under way in another thread, and each wait of it."""
        self._stop.set()
        self._exchanger.abort()

    def read(self, request: PageRequest, validators: Mapping[str, str] | None = None) -> PageAnswer:
        """The document that answers `request`.

        Args:
            request: what to ask for.
            validators: `etag`, `last_modified` of the document as it is known; it may then be `unchanged`.

        Raises:
            SourceAccessDenied: 401 or 403, with a token also to a second, fresh one; or no token is to be had.
            SourceThrottled: the API asks for a longer pause than the run may make.
            SourceUnavailable: it fails after all tries.
            SourceDataInvalid: the answer is too large, or not JSON.
            PositionRefused: 400, 404, 410 or 422.
            ConfigurationInvalid: any other refusal, a redirect, or a host that must not be reached.
            Aborted: see `abort`.
        """
        url = self.address(request)
        conditions = {_CONDITIONS[name]: value for name, value in (validators or {}).items() if name in _CONDITIONS}
        return self._retrier.call(lambda: self._authorized(url, conditions))

    def address(self, request: PageRequest) -> httpx.URL:
        """Where `request` goes."""
        if request.target is None:
            return self._url.copy_merge_params(dict(request.params)) if request.params else self._url
        # only path and query are taken, so whatever a stored link says, the origin stays ours
        return self._url.copy_with(raw_path=httpx.URL("http://origin" + request.target).raw_path)

    def _authorized(self, url: httpx.URL, conditions: Mapping[str, str]) -> PageAnswer:
        if self._credentials is None:
            return self._page(url, {**self._headers, **conditions})
        token = self._credentials.token(self._post)
        try:
            return self._page(url, {**_bearer(token), **conditions})
        except Unauthorized:
            self._credentials.refused(token)
        return self._page(url, {**_bearer(self._credentials.token(self._post)), **conditions})

    def _page(self, url: httpx.URL, headers: Mapping[str, str]) -> PageAnswer:
        self._retrier.hold(*self._bucket.reserve())
        answer = self._exchanger.send(url, headers, self._settings.api_max_page_bytes)
        quota = self._quota(answer)
        if quota is not None:
            self._bucket.pause(quota)
        if answer.status == httpx.codes.NOT_MODIFIED and not headers.keys().isdisjoint(_CONDITIONS.values()):
            return PageAnswer(None, str(url), unchanged=True)
        self._judge(answer, quota)
        document = _document(answer)
        self._refuse_failure(document)
        stated = {"etag": answer.headers.get("ETag"), "last_modified": answer.headers.get("Last-Modified")}
        return PageAnswer(document, str(url), answer.link, {name: text for name, text in stated.items() if text})

    def _post(self, request: TokenRequest) -> Any:
        """Ask the token endpoint; nothing of its answer but the status is ever told."""
        url = httpx.URL(self._settings.api_token_url or "")
        answer = self._exchanger.send(url, request.headers, _MAX_TOKEN_BYTES, request.form)
        if answer.status in (400, 401, 403):  # RFC 6749, 5.2
            raise refused_by_endpoint(answer.status)
        self._judge(answer, None, "API_TOKEN_URL")
        return _document(answer, "API_TOKEN_URL")

    def _quota(self, answer: Answer) -> float | None:
        moment = http_date(answer.headers.get("Date")) or self._clock.now()
        return exhausted_for(answer.headers, moment.timestamp())

    def _judge(self, answer: Answer, quota: float | None, setting: str = "API_URL") -> None:
        status = answer.status
        if status == httpx.codes.OK:
            return
        who = "the API" if setting == "API_URL" else "the token endpoint"
        if status in RETRIED_STATUSES:
            after = parse_retry_after(answer.headers.get("Retry-After"), answer.headers.get("Date"), self._clock.now())
            throttled = status == httpx.codes.TOO_MANY_REQUESTS
            raise TransientFault(str(status), throttled, quota if after is None and throttled else after)
        if status in (401, 403):
            kind = Unauthorized if status == httpx.codes.UNAUTHORIZED else SourceAccessDenied
            raise kind(f"{who} answered {status}", advice="Check API_AUTH and the credentials that it needs.")
        if answer.is_redirect:
            raise ConfigurationInvalid(
                f"{who} answered {status}, a redirect; it was not followed, lest a secret goes to another host",
                advice=f"Set {setting} to the final address.",
            )
        if status >= 500:
            raise SourceUnavailable(f"{who} answered {status}")
        refusal = PositionRefused if status in _POSITION_LOST and setting == "API_URL" else ConfigurationInvalid
        raise refusal(f"{who} answered {status}", advice=f"Check {setting} and the names of the API_*_PARAM settings.")

    def _refuse_failure(self, document: Any) -> None:
        if self._failure_path is None:
            return
        try:
            value = at_path(document, self._failure_path)
        except KeyError:
            return
        expected = self._settings.api_failure_value
        if expected is not None:
            failed = scalar_text(value) == expected
        else:
            failed = bool(value) and (isinstance(value, (dict, list)) or scalar_text(value) not in _NO_FAILURE)
        if failed:
            raise TransientFault("200 with a failure at API_FAILURE_PATH")


def _bearer(token: SecretStr) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.get_secret_value()}"}


def _document(answer: Answer, setting: str = "API_URL") -> Any:
    try:
        return parse_json(answer.body)
    except SourceDataInvalid as fault:
        media_type = _MEDIA_TYPE.match(answer.headers.get("Content-Type", ""))
        shown = media_type.group() if media_type else "not stated"
        raise SourceDataInvalid(f"{fault.message}; Content-Type: {shown}", advice=f"Check {setting}.") from None
