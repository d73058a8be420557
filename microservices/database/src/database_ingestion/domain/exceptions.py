"""Faults of an extraction that the service itself can answer."""

from __future__ import annotations

from ingestion_kernel.domain.exceptions import InputRejected, SourceUnavailable


class SnapshotLost(SourceUnavailable):
    """Our snapshot is gone: a standby had to replay a change, or the connection broke.

    A new snapshot can go on from the last batch that was published.
    """

    advice = "Let the standby wait longer (max_standby_streaming_delay), set hot_standby_feedback, or read the primary."


class BatchSetAside(InputRejected):
    """Nothing of this batch is published; the plan offers the same rows again, cut smaller or in a new snapshot.

    To the use case it is an input that was set aside: it drops the staged rows, takes their counts back and goes on.
    """
