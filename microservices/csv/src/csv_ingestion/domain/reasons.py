"""Why a file or a row is set aside: stable codes and what to do next."""

from __future__ import annotations

from enum import StrEnum


class FileReason(StrEnum):
    """Why a whole file is set aside; the value is the stable code in reason.json."""

    EMPTY_FILE = "EMPTY_FILE"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    NOT_A_REGULAR_FILE = "NOT_A_REGULAR_FILE"
    NOT_READABLE = "NOT_READABLE"
    NOT_PLAIN_TEXT = "NOT_PLAIN_TEXT"
    CHECKSUM_MISMATCH = "CHECKSUM_MISMATCH"
    ARCHIVE_DAMAGED = "ARCHIVE_DAMAGED"
    ARCHIVE_ENCRYPTED = "ARCHIVE_ENCRYPTED"
    ARCHIVE_MEMBERS = "ARCHIVE_MEMBERS"
    ARCHIVE_TOO_LARGE = "ARCHIVE_TOO_LARGE"
    ARCHIVE_UNSAFE_NAME = "ARCHIVE_UNSAFE_NAME"
    NUL_BYTE = "NUL_BYTE"
    UNKNOWN_ENCODING = "UNKNOWN_ENCODING"
    HEADER_NOT_RECOGNISED = "HEADER_NOT_RECOGNISED"
    MISSING_COLUMN = "MISSING_COLUMN"
    DUPLICATE_COLUMN = "DUPLICATE_COLUMN"
    BLANK_COLUMN = "BLANK_COLUMN"
    AMBIGUOUS_DELIMITER = "AMBIGUOUS_DELIMITER"
    UNCLOSED_QUOTE = "UNCLOSED_QUOTE"
    MALFORMED_QUOTE = "MALFORMED_QUOTE"
    FIELD_TOO_LARGE = "FIELD_TOO_LARGE"
    ROW_TOO_LARGE = "ROW_TOO_LARGE"
    TOO_MANY_BAD_ROWS = "TOO_MANY_BAD_ROWS"
    CHANGED_WHILE_READ = "CHANGED_WHILE_READ"

    @property
    def advice(self) -> str:
        """What to do next."""
        return _ADVICE[self]


class RowReason(StrEnum):
    """Why a row is set aside; the value is the stable code in rows.csv."""

    TOO_FEW_FIELDS = "TOO_FEW_FIELDS"
    TOO_MANY_FIELDS = "TOO_MANY_FIELDS"


_ADVICE = {
    FileReason.EMPTY_FILE: "The file holds no header. Ask the sender for the file again.",
    FileReason.FILE_TOO_LARGE: "Split the file, repeating the header, or raise CSV_MAX_FILE_BYTES.",
    FileReason.NOT_A_REGULAR_FILE: "Put the file itself into the inbox, not a link, a pipe or a device.",
    FileReason.NOT_READABLE: "Give the service's user read permission on the file, then drop it again.",
    FileReason.NOT_PLAIN_TEXT: (
        "This is a spreadsheet, or an archive of a kind that is not unpacked (or within another one). "
        "Save it as CSV, or unpack it, and drop that."
    ),
    FileReason.CHECKSUM_MISMATCH: "The .sha256 file names another content, or is missing. Send both again.",
    FileReason.ARCHIVE_DAMAGED: "The gzip or zip file is cut, damaged or of an unknown method. Send it again.",
    FileReason.ARCHIVE_ENCRYPTED: "Send the archive without a password; protect the way it travels instead.",
    FileReason.ARCHIVE_MEMBERS: "A zip file must hold exactly one file. Pack each CSV file on its own.",
    FileReason.ARCHIVE_TOO_LARGE: (
        "Unpacked, the file is larger than CSV_MAX_FILE_BYTES or CSV_MAX_UNPACK_RATIO allow. Split it, or raise them."
    ),
    FileReason.ARCHIVE_UNSAFE_NAME: "A name within the archive is absolute or climbs out of a directory. Pack it anew.",
    FileReason.NUL_BYTE: "The file is damaged, or UTF-16 without a byte order mark. Send it again as UTF-8.",
    FileReason.UNKNOWN_ENCODING: "Save the file as UTF-8, or set CSV_FALLBACK_ENCODING to what the sender writes.",
    FileReason.HEADER_NOT_RECOGNISED: (
        "The first line must name the contract's columns, separated by one of CSV_DELIMITERS; "
        "if the sender uses other names, map them by CSV_HEADER_MAP."
    ),
    FileReason.MISSING_COLUMN: "Add the mandatory columns to the header, or map the sender's names by CSV_HEADER_MAP.",
    FileReason.DUPLICATE_COLUMN: "Two columns of the header have one name (or map to one column). Remove one of them.",
    FileReason.BLANK_COLUMN: "A column of the header has no name. Name it or remove it; look for a trailing delimiter.",
    FileReason.AMBIGUOUS_DELIMITER: "More than one delimiter fits. Narrow CSV_DELIMITERS to what the sender uses.",
    FileReason.UNCLOSED_QUOTE: "A quote that opens in the row at this line is not closed in it. Close or double it.",
    FileReason.MALFORMED_QUOTE: "In the row at this line text follows a closing quote. Double quotes inside a field.",
    FileReason.FIELD_TOO_LARGE: "Shorten the field, or raise CSV_MAX_FIELD_BYTES.",
    FileReason.ROW_TOO_LARGE: "Check the line endings at this line, or raise CSV_MAX_FIELD_BYTES.",
    FileReason.TOO_MANY_BAD_ROWS: (
        "Too many rows have another number of fields than the header; line is the first of them. "
        "Quote fields that hold the delimiter, or raise CSV_MAX_BAD_ROWS_SHARE to take the good rows alone."
    ),
    FileReason.CHANGED_WHILE_READ: "Write under a name ending in .part and rename when done; then drop it again.",
}
