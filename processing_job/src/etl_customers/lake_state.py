"""The state of the lake as one hash: equal hashes, equal tables. So a run can tell without Spark that it has no work.

Not a checkpoint: it says of one exact state that a run went through it and accounted for all rows. Whatever differs
(a batch, a commit, a table made anew, the contract, the key, a setting, this package) makes another hash, and the run
takes place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from customer_contract import Contract

from etl_customers.config.settings import JobSettings
from etl_customers.modules.bronze.raw_batches import RawBatch
from etl_customers.privacy.key_mark import KeyMark
from etl_customers.privacy.token_key import TokenKey
from etl_customers.utils.delta_log import newest_change_file


def lake_state(settings: JobSettings, contract: Contract, key: TokenKey, batches: Iterable[RawBatch]) -> str | None:
    """SHA-256 (hex) over the raw batches, each table's newest change, the contract, the key's mark, the settings and
    this package's version; None if the lake is not on a local disk."""
    places = (settings.bronze, settings.silver, settings.gold)
    layers = [Path(place.text) for place in places if not place.is_schema]
    if len(layers) < len(places) or not all(layer.is_dir() for layer in layers):
        return None
    # A commit's file names its data files by random ids, so its content tells tables apart that were made anew.
    # What maintenance commits after it leaves the rows as they were.
    newest = [file for layer in layers for table in sorted(layer.iterdir()) if (file := newest_change_file(table))]
    parts = {
        "tables": [(str(file), hashlib.sha256(file.read_bytes()).hexdigest()) for file in newest],
        "raw": [(batch.batch_id, batch.rows, batch.size) for batch in batches],
        "contract": contract.model_dump_json(),
        "key": KeyMark(key).properties,
        "settings": settings.model_dump(mode="json", exclude={"recheck"}),
        "package": version("etl-customers"),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
