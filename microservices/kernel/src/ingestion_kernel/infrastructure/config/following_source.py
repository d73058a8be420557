"""A source that is built anew when its settings have changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import structlog

from ingestion_kernel.domain.batch import Mode, Watermark
from ingestion_kernel.domain.ports.source import PendingBatch, Source
from ingestion_kernel.infrastructure.config.live import LiveSettings
from ingestion_kernel.infrastructure.config.settings import KernelSettings

S = TypeVar("S", bound=KernelSettings)

_log = structlog.stdlib.get_logger("settings")


class FollowingSource(Generic[S]):
    """See `Source`. A run keeps the source that it began with; the next run or check gets the new one.

    Args:
        live: where the settings are.
        build: makes the source; may raise ConfigurationInvalid.
    """

    def __init__(self, live: LiveSettings[S], build: Callable[[S], Source]) -> None:
        self._live = live
        self._build = build
        self._lock = threading.Lock()
        self._settings = live.current()
        self._source = build(self._settings)
        self._taken_from = self._source
        self.name = self._source.name

    @property
    def modes(self) -> frozenset[Mode]:
        """See `Source`."""
        return self._source.modes

    @contextmanager
    def pending(self, mode: Mode, watermark: Watermark | None) -> Iterator[Iterator[PendingBatch]]:
        """See `Source`. Raises ConfigurationInvalid if the settings have changed to something wrong."""
        self._taken_from = self._now()  # a check may replace the source while the run works
        with self._taken_from.pending(mode, watermark) as batches:
            yield batches

    def take_rejected_inputs(self) -> int:
        """See `Source`."""
        return self._taken_from.take_rejected_inputs()

    def check(self) -> None:
        """See `Source`. Raises ConfigurationInvalid if the settings have changed to something wrong."""
        self._now().check()

    def _now(self) -> Source:
        with self._lock:
            settings = self._live.current()
            if settings is not self._settings:
                self._source = self._build(settings)
                self._settings = settings
                _log.info("settings_reloaded")
            return self._source
