"""Makes names that come from outside safe to compare and to write down."""

import unicodedata

_MAX_CHARS = 200


def column_key(name: str) -> str:
    """How column names are compared: trimmed, NFC, without case."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def safe_file_name(name: str) -> str:
    """`name` for manifests and reason files: separators and what cannot be printed become `_`, at most 200 characters.

    Python shows bytes of a file name that are not UTF-8 as lone surrogates; those cannot be encoded and become `_` too.
    """
    text = unicodedata.normalize("NFC", name)
    return "".join(char if char.isprintable() and char not in "/\\" else "_" for char in text)[:_MAX_CHARS]
