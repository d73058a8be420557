"""Reads one JSON document at a time over HTTP, within limits, from one origin only."""

from __future__ import annotations

import re
import time
from types import TracebackType
from typing import Self

import httpx
from ingestion_kernel.domain.exceptions import (
    ConfigurationInvalid,
    SourceAccessDenied,
    SourceDataInvalid,
    SourceUnavailable,
)
from ingestion_kernel.domain.ports.clock import Clock

from api_ingestion.application.helpers.paging import PageAnswer, PageRequest
from api_ingestion.application.helpers.records import parse_json
from api_ingestion.infrastructure.authentication.headers import credential_headers
from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.retries import (
    RETRIED_STATUSES,
    Retrier,
    TransientFault,
    parse_retry_after,
)

#: One layer at most: stacked codings multiply, and a few kilobytes would fill the memory before any count.
_CODINGS = ("", "identity", "gzip", "deflate")
_MEDIA_TYPE = re.compile(r"\A[\w.+-]+/[\w.+-]+")
_POSITION_LOST = frozenset({400, 404, 410, 422})


class PositionRefused(ConfigurationInvalid):
    """The API does not accept the request: a wrong setting, or a cursor that has expired."""


class ApiClient:
    """One run's connection to the API; a context manager.

    Redirects are not followed and the proxy variables of the environment are not read: either could lead the key
    to another host.
    """

    def __init__(self, settings: ApiSettings, clock: Clock) -> None:
        self._url = httpx.URL(settings.api_url)
        self._max_bytes = settings.api_max_page_bytes
        self._page_timeout = settings.api_page_timeout_seconds
        self._clock = clock
        self._retrier = Retrier(settings, clock)
        self._http = httpx.Client(
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", **credential_headers(settings)},
            timeout=httpx.Timeout(settings.api_read_timeout_seconds, connect=settings.api_connect_timeout_seconds),
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def retries(self) -> int:
        """Requests repeated so far."""
        return self._retrier.retries

    def read(self, request: PageRequest) -> PageAnswer:
        """The document that answers `request`.

        Raises:
            SourceAccessDenied: 401 or 403.
            SourceThrottled: the API asks for a longer pause than the run may make.
            SourceUnavailable: it fails after all tries.
            SourceDataInvalid: the answer is too large, not JSON, or its Link header leads to another origin.
            PositionRefused: 400, 404, 410 or 422.
            ConfigurationInvalid: any other refusal, or a redirect.
        """
        url = self._address(request)
        return self._retrier.call(lambda: self._try(url))

    def _address(self, request: PageRequest) -> httpx.URL:
        if request.target is None:
            return self._url.copy_merge_params(dict(request.params))
        # only path and query are taken, so whatever a stored link says, the origin stays ours
        return self._url.copy_with(raw_path=httpx.URL("http://origin" + request.target).raw_path)

    def _try(self, url: httpx.URL) -> PageAnswer:
        started = time.monotonic()
        try:
            with self._http.stream("GET", url) as response:
                self._judge(response)
                body = self._body(response, started)
                link = response.links.get("next", {}).get("url")
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol):
            raise ConfigurationInvalid("the request cannot be sent; check API_URL and the API_* names") from None
        except httpx.DecodingError:
            raise SourceDataInvalid("the answer's Content-Encoding cannot be decoded") from None
        except httpx.TransportError as error:
            raise TransientFault(type(error).__name__) from None
        return PageAnswer(_document(response, body), str(url), link)

    def _judge(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == httpx.codes.OK:
            return
        if status in RETRIED_STATUSES:
            after = parse_retry_after(
                response.headers.get("Retry-After"), response.headers.get("Date"), self._clock.now()
            )
            raise TransientFault(str(status), status == httpx.codes.TOO_MANY_REQUESTS, after)
        if status in (401, 403):
            raise SourceAccessDenied(
                f"the API answered {status}", advice="Check API_AUTH, API_KEY_HEADER and API_KEY, and its rights."
            )
        if response.is_redirect:
            raise ConfigurationInvalid(
                f"the API answered {status}, a redirect; it was not followed, lest the key goes to another host",
                advice="Set API_URL to the final address.",
            )
        if status >= 500:
            raise SourceUnavailable(f"the API answered {status}")
        kind = PositionRefused if status in _POSITION_LOST else ConfigurationInvalid
        raise kind(f"the API answered {status}", advice="Check API_URL and the names of the API_*_PARAM settings.")

    def _body(self, response: httpx.Response, started: float) -> bytes:
        if response.headers.get("Content-Encoding", "").strip().lower() not in _CODINGS:
            raise SourceDataInvalid("the answer has a Content-Encoding other than gzip or deflate")
        length = response.headers.get("Content-Length", "")
        body = bytearray()
        if length.isdecimal() and int(length) > self._max_bytes:
            raise self._too_large()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self._max_bytes:
                raise self._too_large()
            if time.monotonic() - started > self._page_timeout:
                raise TransientFault("page not complete within API_PAGE_TIMEOUT_SECONDS")
        return bytes(body)

    def _too_large(self) -> SourceDataInvalid:
        return SourceDataInvalid(
            f"a page is larger than {self._max_bytes} bytes when decoded",
            advice="Ask for smaller pages (API_SIZE_PARAM, API_PAGE_SIZE) or raise API_MAX_PAGE_BYTES.",
        )


def _document(response: httpx.Response, body: bytes) -> object:
    try:
        return parse_json(body)
    except SourceDataInvalid as fault:
        media_type = _MEDIA_TYPE.match(response.headers.get("Content-Type", ""))
        shown = media_type.group() if media_type else "not stated"
        raise SourceDataInvalid(f"{fault.message}; Content-Type: {shown}", advice="Check API_URL.") from None
