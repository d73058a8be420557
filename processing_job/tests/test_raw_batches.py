"""What raw holds: a directory that is not there, or may not be listed, is not one without batches."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from customer_contract import Contract

from etl_customers.errors import ConfigurationInvalid, ReconciliationFailed, StorageFailed
from etl_customers.modules.bronze.raw_batches import published_batches

_MANIFEST = '{"rows_written": 2, "rows_rejected": 1, "size": 9, "format": "jsonl"}'


def _publish(raw: Path, source: str, key: str, manifest: str | None = _MANIFEST) -> None:
    folder = raw / source / "customers" / f"batch={key}"
    folder.mkdir(parents=True)
    if manifest is not None:
        (folder / "_manifest.json").write_text(manifest, encoding="utf-8")


def test_published_batches_are_those_with_a_manifest(tmp_path: Path, contract: Contract) -> None:
    _publish(tmp_path, "database", "2")
    _publish(tmp_path, "database", "1")
    _publish(tmp_path, "api", "unpublished", manifest=None)
    (tmp_path / "api" / "customers" / "batch=no-folder").touch()
    (tmp_path / "api" / "customers" / "_staging").mkdir()
    assert [batch.batch_id for batch in published_batches(tmp_path, contract)] == ["database/1", "database/2"]
    _publish(tmp_path, "csv", "3", manifest="{}")
    with pytest.raises(ReconciliationFailed, match="csv/3"):
        published_batches(tmp_path, contract)


def test_no_directory_is_a_fault_of_the_settings(tmp_path: Path, contract: Contract) -> None:
    assert published_batches(tmp_path, contract) == [], "no source has delivered yet"
    for raw in (tmp_path / "typo", Path("~/lake/raw")):
        with pytest.raises(ConfigurationInvalid, match="ETL_RAW_PATH"):
            published_batches(raw, contract)


def test_no_right_to_list_is_a_fault_of_the_storage(
    tmp_path: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests' user may be root, whom no mode of a folder keeps out."""
    _publish(tmp_path, "api", "1")

    def refuse(path: Path) -> list[str]:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(StorageFailed, match="customers below ETL_RAW_PATH cannot be listed: Permission denied"):
        published_batches(tmp_path, contract)
