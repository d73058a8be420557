"""Where the raw container is: what RAW_URL may say."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

_FORMS = "a local path, or abfss://<container>@<account>.dfs.core.windows.net[/prefix]"


@dataclass(frozen=True, slots=True)
class LocalLocation:
    """A directory of this machine."""

    root: Path


@dataclass(frozen=True, slots=True)
class AdlsLocation:
    """A container of a storage account with a hierarchical namespace; `prefix` has no slash at its ends."""

    account_url: str
    container: str
    prefix: str

    @property
    def is_loopback(self) -> bool:
        """True for an emulator on this machine, the only place that may be spoken to in clear."""
        return self.account_url.startswith("http://")


def parse_raw_url(text: str) -> LocalLocation | AdlsLocation:
    """The location that RAW_URL names.

    Raises:
        ValueError: not one of the known forms; the message holds none of the text, as it may carry a signature.
    """
    if "://" not in text:
        if not text:
            raise ValueError(f"is empty; give {_FORMS}")
        return LocalLocation(Path(text).expanduser().absolute())
    url = urlsplit(text)
    if url.query or url.fragment or url.password:
        raise ValueError("must not carry a query, a fragment or a password; give credentials by identity instead")
    match url.scheme:
        case "file" if url.netloc in ("", "localhost"):
            return LocalLocation(Path(unquote(url.path)))
        case "abfss":
            return _azure(url)
        case "http" if is_loopback(url.hostname or ""):
            return _emulator(url)
    raise ValueError(f"has a form that is not known; give {_FORMS}")


def is_loopback(host: str) -> bool:
    """True if `host` names this machine only. Any other name than localhost counts as remote, as DNS may change."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _azure(url: SplitResult) -> AdlsLocation:
    if not url.username or not url.hostname or ".dfs." not in url.hostname or ":" in url.netloc:
        raise ValueError("must read abfss://<container>@<account>.dfs.core.windows.net[/prefix]")
    return AdlsLocation(f"https://{url.hostname}", url.username, url.path.strip("/"))


def _emulator(url: SplitResult) -> AdlsLocation:
    account, _, rest = url.path.strip("/").partition("/")
    container, _, prefix = rest.partition("/")
    if not account or not container or url.username:
        raise ValueError("must read http://127.0.0.1:<port>/<account>/<container>[/prefix] for an emulator")
    return AdlsLocation(f"http://{url.netloc}/{account}", container, prefix)
