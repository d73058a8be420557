"""Which key made the tokens of a lake, as a property of silver.purchases: another key is refused before it is used.

Tokens of two keys do not join: every customer would be there twice, and every purchase delivered again would contradict
itself. The mark is an HMAC under a sub-key of its own, so it tells nothing of the key or of a token.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from etl_customers.errors import TokenKeyDiffers
from etl_customers.privacy.token_key import TokenKey

#: Name of the table property.
PROPERTY = "token.key"
_PURPOSE = "mark:v1"
_DIGITS = 16


@dataclass(frozen=True)
class KeyMark:
    """The mark of one key, as a LakeTable takes it."""

    key: TokenKey

    @property
    def properties(self) -> dict[str, str]:
        """The table property that tells this key from others: its id, and 64 bits in hex."""
        keyed = hmac.new(self.key.subkey(_PURPOSE), self.key.key_id.encode(), "sha256").hexdigest()
        return {PROPERTY: f"{self.key.key_id} {keyed[:_DIGITS]}"}

    def check(self, kept: Mapping[str, str]) -> None:
        """Compare with the properties of a table; one without a mark is of a release that set none.

        Raises:
            TokenKeyDiffers: its tokens were made with another key, or under another id.
        """
        mark, key_id = self.properties[PROPERTY], self.key.key_id
        if (made_with := kept.get(PROPERTY, mark)) == mark:
            return
        known_id = made_with.rpartition(" ")[0]
        if known_id == key_id:
            raise TokenKeyDiffers(f"the token key is not the key {known_id} with which silver was made")
        raise TokenKeyDiffers(f"silver was made with the token key {known_id}, not with {key_id}")
