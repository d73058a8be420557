"""Names that no column of a contract may have, since silver gives them to columns of its own.

Those that begin with `_` are the platform's everywhere; the pattern of a column's name leaves them out.
"""

from __future__ import annotations

#: Of silver.purchases, silver.quarantine and silver.customers.
DERIVED = frozenset({"currency", "store_id", "store_state", "purchase_key", "cpf_token", "token_key_id"})
#: Of silver.customers alone: refused for columns of subject customer.
OF_CUSTOMERS = frozenset({"purchases", "sources", "first_event_at", "last_event_at", "lineage"})
