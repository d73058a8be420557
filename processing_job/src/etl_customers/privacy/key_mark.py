"""Which key made the tokens of a lake, as a property of silver.purchases: another key is refused before it is used.

Tokens of two keys do not join: every customer would be there twice, and every purchase delivered again would contradict
itself. The mark is an HMAC under a sub-key of its own, so it tells nothing of the key or of a token.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from etl_customers.errors import TokenKeyDiffers
from etl_customers.privacy.token_key import TokenKey

#: Name of the table property.
PROPERTY = "token.key"
_PURPOSE = "mark:v1"
_DIGITS = 16


def key_mark(key: TokenKey) -> dict[str, str]:
    """The table property that tells this key from others: its id, and 64 bits in hex."""
    keyed = hmac.new(key.subkey(_PURPOSE), key.key_id.encode(), "sha256").hexdigest()
    return {PROPERTY: f"{key.key_id} {keyed[:_DIGITS]}"}


def refuse_other_key(kept: Mapping[str, str], key: TokenKey) -> None:
    """Compare with the properties of a table; one without a mark is of a release that set none.

    Raises:
        TokenKeyDiffers: its tokens were made with another key, or under another id.
    """
    mark = key_mark(key)[PROPERTY]
    if (made_with := kept.get(PROPERTY, mark)) == mark:
        return
    known_id = made_with.rpartition(" ")[0]
    if known_id == key.key_id:
        raise TokenKeyDiffers(f"the token key is not the key {known_id} with which silver was made")
    raise TokenKeyDiffers(f"silver was made with the token key {known_id}, not with {key.key_id}")
