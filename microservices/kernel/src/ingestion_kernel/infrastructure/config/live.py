"""Settings that follow the files of SECRETS_DIR, so that a rotated secret needs no restart."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Generic, TypeVar

from ingestion_kernel.infrastructure.config.settings import KernelSettings, load_settings, secrets_dir

S = TypeVar("S", bound=KernelSettings)


class LiveSettings(Generic[S]):
    """The settings as the files have them now. Thread-safe.

    The files' content is compared, not their times: the Key Vault CSI driver swaps a link to their directory, editors
    write in place, and either may happen within one tick of the file system's clock. Only files of settings are read.

    Args:
        settings_type: what to load; the environment, which wins over the files, does not change in a process.

    Raises:
        ConfigurationInvalid: the settings are wrong at the start.
    """

    def __init__(self, settings_type: type[S]) -> None:
        self._type = settings_type
        self._folder = secrets_dir()
        self._lock = threading.Lock()
        self._seen = self._fingerprint()
        self._settings = load_settings(settings_type)

    def current(self) -> S:
        """The settings; the same object as before if nothing has changed.

        Raises:
            ConfigurationInvalid: the files have changed to something wrong; the next call looks again.
        """
        if self._folder is None:
            return self._settings
        with self._lock:
            # before loading: what changes in between is seen by the next call
            found = self._fingerprint()
            if found != self._seen:
                self._settings = load_settings(self._type)
                self._seen = found
            return self._settings

    def _fingerprint(self) -> bytes:
        if self._folder is None:
            return b""
        digest = hashlib.sha256()
        for file in sorted(_files(self._folder)):
            if file.name.lower() in self._type.model_fields:  # as pydantic looks them up
                digest.update(file.name.encode() + _content(file))
        return digest.digest()


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _content(file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:  # absent, or swapped at this instant; loading tells what cannot be read
        return b"-"
