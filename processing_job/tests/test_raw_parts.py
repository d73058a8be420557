"""Which raw parts a stream reads, and by which checkpoint."""

from __future__ import annotations

from customer_contract import Contract, RawFormat

from etl_customers.modules.bronze.raw_batches import RawBatch
from etl_customers.modules.bronze.raw_parts import RawParts, canonical_columns, waiting_parts


def _batch(key: str, rows: int, columns: tuple[str, ...] = ()) -> RawBatch:
    raw_format = RawFormat.CSV if columns else RawFormat.JSON_LINES
    source = "csv" if columns else "database"
    return RawBatch(f"{source}/{key}", source, rows, 0, 1, raw_format, columns)


def test_a_batch_waits_while_bronze_has_fewer_rows_than_its_manifest_says(contract: Contract) -> None:
    batches = [_batch("none", 0), _batch("whole", 2), _batch("part", 5)]
    present = {"database/whole": 2, "database/part": 3}
    (parts,) = waiting_parts(batches, present, contract)
    assert parts.keys is None and parts.size == 1
    assert [parts.keys for parts in waiting_parts(batches, present, contract, named=True)] == [("part",)]
    assert not waiting_parts(batches, {**present, "database/part": 5}, contract)
    assert not waiting_parts(batches, {**present, "database/part": 6}, contract), "more rows than were sent: no stream"
    (everything,) = waiting_parts(batches[1:], {}, contract, named=True)
    assert everything.keys is None, "a long list of names would say the same"


def test_a_checkpoint_meets_one_input_path_only(contract: Contract) -> None:
    """Each day the batches that wait are others, and those of the former header are still there."""
    now = canonical_columns(contract)
    batches = [_batch("k0", 1, ("customer_id", "_extra")), _batch("k1", 1, now), _batch("k2", 1, now)]
    by_path: dict[str, set[str]] = {}
    for present in ({"csv/k0": 1, "csv/k1": 1}, {"csv/k0": 1, "csv/k2": 1}, {"csv/k0": 1}, {"csv/k0": 1}, {}):
        for parts in waiting_parts(batches, present, contract):
            by_path.setdefault(parts.glob("/raw", "customers"), set()).add(parts.name)
    names = [name for found in by_path.values() for name in found]
    assert len(names) == len(set(names)) == len(by_path) == 4
    assert RawParts(contract.source("csv"), RawFormat.CSV, now).name == "csv", "of all batches, now and later"
