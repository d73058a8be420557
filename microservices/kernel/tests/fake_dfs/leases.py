"""Leases of one path. Rules: REST specification, "Lease Blob", outcomes by lease state."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass

from fake_dfs.messages import Refused

_INFINITE = -1


@dataclass
class Lease:
    """`state` depends on the account's clock, so it is asked with `now` (seconds since 1970)."""

    id: str = ""
    duration: int = 0
    expires: float = 0
    breaks: float | None = None

    def state(self, now: float) -> str:
        """available, leased, expired, breaking or broken."""
        if not self.id:
            return "available"
        if self.breaks is not None:
            return "breaking" if now < self.breaks else "broken"
        return "leased" if self.duration == _INFINITE or now < self.expires else "expired"

    def check_write(self, given: str, now: float) -> None:
        """Refuse a write without the id while the lease is active, and one with an id where none is."""
        active = self.state(now) in ("leased", "breaking")
        if active and not given:
            raise Refused(412, "LeaseIdMissing")
        if active and given != self.id:
            raise Refused(412, "LeaseIdMismatchWithBlobOperation")
        if given and not active:
            raise Refused(412, "LeaseLost" if self.id else "LeaseNotPresentWithBlobOperation")

    def acquire(self, proposed: str, duration: int, now: float) -> str:
        """A lease of 15 to 60 seconds, or without end (-1)."""
        if duration != _INFINITE and not 15 <= duration <= 60:
            raise Refused(400, "InvalidHeaderValue")
        if self.state(now) in ("leased", "breaking") and not (proposed == self.id and self.breaks is None):
            raise Refused(409, "LeaseAlreadyPresent")
        self.id, self.duration, self.breaks = proposed or str(uuid.uuid4()), duration, None
        self.expires = now + duration
        return self.id

    def renew(self, given: str, now: float) -> str:
        """Start the duration anew; works after expiry as long as nobody else took the lease."""
        self._must_be(given)
        if self.breaks is not None:
            raise Refused(409, "LeaseIsBrokenAndCannotBeRenewed")
        self.expires = now + self.duration
        return self.id

    def change(self, given: str, proposed: str, now: float) -> str:
        """Give the lease another id."""
        if self.state(now) in ("available", "expired", "broken"):
            raise Refused(409, "LeaseNotPresentWithLeaseOperation")
        if given != self.id and proposed != self.id:
            raise Refused(409, "LeaseIdMismatchWithLeaseOperation")
        if self.breaks is not None:
            raise Refused(409, "LeaseIsBreakingAndCannotBeChanged")
        self.id = proposed
        return self.id

    def release(self, given: str) -> None:
        """End the lease at once."""
        self._must_be(given)
        self.id, self.breaks = "", None

    def break_(self, period: int | None, now: float) -> int:
        """End the lease without its id; the seconds until it is free."""
        state = self.state(now)
        if state == "available":
            raise Refused(409, "LeaseNotPresentWithLeaseOperation")
        if state == "leased":
            left = math.inf if self.duration == _INFINITE else self.expires - now
            rest = min(left, math.inf if period is None else period)
            self.breaks = now + (0 if math.isinf(rest) else rest)
        elif self.breaks is None:  # expired
            self.breaks = now
        return max(0, math.ceil(self.breaks - now))

    def _must_be(self, given: str) -> None:
        if not self.id or given != self.id:
            raise Refused(409, "LeaseIdMismatchWithLeaseOperation")
