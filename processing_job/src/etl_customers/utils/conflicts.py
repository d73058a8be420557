"""What Delta raises when another writer was faster. Its exceptions have no base class of their own."""

from __future__ import annotations

from delta import exceptions

#: Classes whose commit was refused as a whole: nothing of it is in the table.
CONFLICTS = (
    exceptions.DeltaConcurrentModificationException,
    exceptions.ConcurrentWriteException,
    exceptions.MetadataChangedException,
    exceptions.ProtocolChangedException,
    exceptions.ConcurrentAppendException,
    exceptions.ConcurrentDeleteReadException,
    exceptions.ConcurrentDeleteDeleteException,
    exceptions.ConcurrentTransactionException,
)
