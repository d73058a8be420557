"""Faults of the storage below the tables, told from all others by what the file systems say.

Sources: strerror(3) of ENOSPC, EDQUOT, EROFS, EACCES, as Java repeats it; Hadoop's local file system ("Mkdirs failed");
https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes.
"""

from __future__ import annotations

from etl_customers.errors import StorageFailed

_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
_FORBIDDEN = (
    "Permission denied",
    "Read-only file system",
    "Mkdirs failed to create",
    "DELTA_CANNOT_CREATE_LOG_PATH",
    "AccessControlException",
    "AuthorizationPermissionMismatch",
    "AuthorizationFailure",
)


def storage_fault(error: Exception) -> StorageFailed | None:
    """What to tell instead of the error, which may quote a row; None if the storage is not to blame."""
    text = str(error)
    if any(sign in text for sign in _FULL):
        return StorageFailed("the storage has no room left")
    if any(sign in text for sign in _FORBIDDEN):
        return StorageFailed("the storage refuses access to a file or a folder")
    return None
