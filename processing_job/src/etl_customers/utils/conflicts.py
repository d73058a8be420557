"""What Delta raises when another writer was faster. Its exceptions have no base class of their own."""

from __future__ import annotations

from delta.exceptions import base

#: Classes whose commit was refused as a whole: nothing of it is in the table.
CONFLICTS = (
    base.DeltaConcurrentModificationException,
    base.ConcurrentWriteException,
    base.MetadataChangedException,
    base.ProtocolChangedException,
    base.ConcurrentAppendException,
    base.ConcurrentDeleteReadException,
    base.ConcurrentDeleteDeleteException,
    base.ConcurrentTransactionException,
)
