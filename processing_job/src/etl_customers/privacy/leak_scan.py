"""Searches everything past bronze for the clear values that bronze holds.

    etl-customers-leak-scan --bronze lake/bronze/customers --scan lake/silver --scan lake/gold --scan logs

Every file under the scanned directories is decoded: parquet (data, `_change_data`, checkpoints), Delta's log, text,
HTML, gzip. What is reported is how often and where, never a value. Which columns of bronze are sensitive is told by the
contract that the lake was made by: `--contract-path`, or ETL_CONTRACT_PATH as for the job. Exit codes: 0 nothing found,
1 found, 2 no proof (bronze holds no value, there is nothing to scan, or the contract cannot be used).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from customer_contract import Contract, ContractError, load_contract

from etl_customers.privacy.clear_values import Searcher, read_clear_values, searchers
from etl_customers.privacy.file_texts import WHOLE, spellings_of, texts_of

CLEAN, LEAK, NO_PROOF = 0, 1, 2
PATH = "(path)"
HIDDEN = "***"


@dataclass(frozen=True, order=True)
class Place:
    """Where clear values were found; `file` is relative to the scanned directory and itself shows none."""

    kind: str
    file: str
    column: str


@dataclass
class ScanResult:
    """What was searched for, what was read, what was found. Counts only.

    Attributes:
        values: distinct clear values, by bronze column.
        files: files read, by kind of place.
        unreadable: files that could not be decoded, with the reason; each makes the scan no proof.
        hits: occurrences by place. Values doubled by Delta's own copies (change data) count each time.
    """

    values: dict[str, int] = field(default_factory=dict)
    files: Counter[str] = field(default_factory=Counter)
    size: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    hits: Counter[Place] = field(default_factory=Counter)

    @property
    def exit_code(self) -> int:
        """See the module's text. A leak outweighs a missing proof."""
        if self.hits:
            return LEAK
        proof = sum(self.values.values()) and self.files.total() and not self.unreadable
        return CLEAN if proof else NO_PROOF

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "verdict": {CLEAN: "clean", LEAK: "leak", NO_PROOF: "no proof"}[self.exit_code],
            "values": self.values,
            "files": dict(sorted(self.files.items())),
            "bytes": self.size,
            "unreadable": self.unreadable,
            "hits": [
                {"kind": place.kind, "file": place.file, "column": place.column, "count": count}
                for place, count in sorted(self.hits.items())
            ],
        }


def scan(bronze: Path, targets: Sequence[Path], contract: Contract | None = None) -> ScanResult:
    """Search all files under `targets` for the values of the contract's sensitive columns found under `bronze`.

    Raises:
        FileNotFoundError: a target does not exist, so its being clean would mean nothing.
    """
    for target in (bronze, *targets):
        if not target.exists():
            raise FileNotFoundError(f"{target} does not exist")
    contract = contract or load_contract()
    values = read_clear_values(bronze, contract)
    result = ScanResult(values={name: len(found) for name, found in values.items()})
    files = [(target, path) for target in targets for path in _files_under(target)]
    for target, path in files:
        result.files[_kind(target, path)] += 1
        result.size += path.stat().st_size
    for searcher in searchers(contract, values):
        for target, path in files:
            _scan_file(searcher, target, path, result)
    return result


def _files_under(target: Path) -> list[Path]:
    return [target] if target.is_file() else sorted(path for path in target.rglob("*") if path.is_file())


def _kind(target: Path, path: Path) -> str:
    """`quarantine` for a table of that name, else the scanned directory's own name."""
    return "quarantine" if "quarantine" in path.relative_to(target).parts else target.name


def _scan_file(searcher: Searcher, target: Path, path: Path, result: ScanResult) -> None:
    name = path.name if path == target else path.relative_to(target).as_posix()
    shown = _hide(searcher, name)
    kind = _kind(target, path)
    if shown != name:
        result.hits[Place(kind, shown, PATH)] += 1
    try:
        for column, text in texts_of(path):
            # A value is found in one or another spelling of the text; the same hit must not count twice.
            count = max(sum(1 for _ in searcher.spans(spelling)) for spelling in spellings_of(text))
            if count:
                result.hits[Place(kind, shown, _hide(searcher, column))] += count
    except Exception as error:  # whatever a broken file makes a decoder raise; its text may quote the file
        result.unreadable[f"{kind}/{shown}"] = type(error).__name__


def _hide(searcher: Searcher, name: str) -> str:
    """`name` without clear values, so that the report leaks none. A `/` or `=` ends a value, as in partitions."""
    for spelling in spellings_of(name):
        spelling = spelling if len(spelling.lower()) == len(spelling) else spelling.lower()
        for start, end in reversed(list(searcher.spans(spelling))):
            name = spelling = spelling[:start] + HIDDEN + spelling[end:]
    return name


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `etl-customers-leak-scan`."""
    parser = argparse.ArgumentParser(prog="etl-customers-leak-scan", description=__doc__.splitlines()[0])
    parser.add_argument("--bronze", type=Path, required=True, help="the bronze table's directory")
    parser.add_argument("--scan", type=Path, required=True, action="append", help="a directory or file; repeatable")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    parser.add_argument(
        "--contract-path",
        type=Path,
        default=os.environ.get("ETL_CONTRACT_PATH") or None,
        help="the job's contract, or ETL_CONTRACT_PATH; the packaged one by default",
    )
    options = parser.parse_args(arguments)
    try:
        result = scan(options.bronze, options.scan, load_contract(options.contract_path))
    except FileNotFoundError as error:
        print(f"no proof: {error}; run the job first, or correct the path", file=sys.stderr)
        return NO_PROOF
    except ContractError as error:
        print(f"no proof: {error}; correct --contract-path, or ETL_CONTRACT_PATH", file=sys.stderr)
        return NO_PROOF
    if options.json:
        options.json.write_text(json.dumps(result.to_dict(), indent=2) + "\n", encoding="utf-8")
    print(report(result))
    return result.exit_code


def report(result: ScanResult) -> str:
    """The result for people."""
    searched = ", ".join(f"{count} {name}" for name, count in result.values.items())
    read = ", ".join(f"{count} {kind}" for kind, count in sorted(result.files.items()))
    lines = [f"searched for {searched} in {result.files.total()} files ({read or 'none'}), {result.size} bytes"]
    for place, count in sorted(result.hits.items()):
        column = f" column {place.column}" if place.column != WHOLE else ""
        lines.append(f"LEAK {count} in {place.kind}: {place.file}{column}")
    lines += [f"UNREADABLE {name}: {reason}" for name, reason in sorted(result.unreadable.items())]
    verdict = {
        CLEAN: "clean: none of these values was found",
        LEAK: "LEAK: clear values were found; see the places above",
        NO_PROOF: "no proof: nothing to search for, nothing to scan, or a file that cannot be read",
    }
    return "\n".join([*lines, verdict[result.exit_code]])


if __name__ == "__main__":
    sys.exit(main())
