"""Rows and files that cannot be taken: set aside with a reason, nothing lost, nothing told."""

import csv
import json

import pytest
from csv_world import ROW, SECRET, World, changed, text_of


def rejected_rows(world: World) -> list[dict[str, str]]:
    (path,) = (world.inbox / "rejected").glob("*/rows.csv")
    assert path.parent.name == world.manifest()["key"]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_ragged_rows_are_set_aside_with_line_reason_and_fields(world: World) -> None:
    two_lines = changed(product="duas\nlinhas")
    world.drop(text_of(ROW, two_lines, ROW[:-2], ROW, (*ROW, "x", "=1"), *[ROW] * 40))
    run = world.ingest()
    assert (run.rows_read, run.rows_written, run.rows_rejected, run.inputs_rejected) == (45, 43, 2, 0)
    short, long = rejected_rows(world)
    assert (short["line"], short["reason"]) == ("5", "TOO_FEW_FIELDS")
    assert (long["line"], long["reason"]) == ("7", "TOO_MANY_FIELDS")
    assert tuple(json.loads(short["fields"])) == ROW[:-2]
    assert tuple(json.loads(long["fields"])) == (*ROW, "x", "=1")
    assert (world.manifest()["rows_read"], world.manifest()["rows_rejected"]) == (45, 2)
    assert len(world.tree("archive")) == 1


def test_too_many_ragged_rows_refuse_the_file(world: World) -> None:
    world.drop(text_of(*[ROW] * 18, ROW[:-1], ROW[:-1]))
    reason = world.rejected_file()
    assert (reason["code"], reason["line"]) == ("TOO_MANY_BAD_ROWS", 20)
    assert world.tree("rejected", reason["key"]) == ["reason.json", "vendas.csv"]


@pytest.mark.parametrize(("share", "taken"), [("0.5", 1), ("0.49", 0)])
def test_the_share_is_a_setting_and_may_be_reached(world: World, share: str, taken: int) -> None:
    world.drop(text_of(ROW, ROW[:-1]))
    assert world.ingest(CSV_MAX_BAD_ROWS_SHARE=share).rows_written == taken


def test_a_file_of_ragged_rows_only_can_be_taken_as_empty(world: World) -> None:
    world.drop(text_of(ROW[:-1]))
    run = world.ingest(CSV_MAX_BAD_ROWS_SHARE="1")
    assert (run.rows_written, run.rows_rejected, len(run.batches)) == (0, 1, 1)


def test_an_unclosed_quote_is_placed_where_its_row_began(world: World) -> None:
    rows = text_of(*[ROW] * 50).splitlines(keepends=True)
    rows[7] = rows[7].replace("Mesa", '"Mesa')
    world.drop("".join(rows))
    reason = world.rejected_file()
    assert (reason["code"], reason["line"]) == ("UNCLOSED_QUOTE", 8)


def test_an_unclosed_quote_in_a_big_file_stops_at_the_field_limit(world: World) -> None:
    rows = text_of(*[ROW] * 5_000).splitlines(keepends=True)
    rows[2] = rows[2].replace("Mesa", '"Mesa')
    world.drop("".join(rows))
    reason = world.rejected_file(CSV_MAX_FIELD_BYTES="1000")
    assert (reason["code"], reason["line"]) == ("UNCLOSED_QUOTE", 3)


def test_an_unclosed_quote_that_the_next_quote_closes_glues_no_rows_together(world: World) -> None:
    rows = text_of(*[ROW] * 100).splitlines(keepends=True)
    rows[3] = rows[3].replace("Mesa", '"Mesa')
    rows[6] = rows[6].replace("Mesa", '";Mesa')  # closes it, and the glued record is only too long
    world.drop("".join(rows))
    reason = world.rejected_file()
    assert (reason["code"], reason["line"]) == ("UNCLOSED_QUOTE", 4)


def test_an_unclosed_quote_closed_in_the_same_column_of_a_later_row_loses_no_rows(world: World) -> None:
    rows = text_of(*[ROW] * 100).splitlines(keepends=True)
    rows[3] = rows[3].replace("Mesa", '"Mesa')
    rows[4] = rows[4].replace("Mesa", '"')  # the glued record has the header's width
    world.drop("".join(rows))
    reason = world.rejected_file()
    assert (reason["code"], reason["line"]) == ("UNCLOSED_QUOTE", 4)


def test_text_after_a_closing_quote(world: World) -> None:
    world.drop(text_of(ROW, ROW).replace("Mesa", '"Mesa"Lux'))
    reason = world.rejected_file()
    assert (reason["code"], reason["line"]) == ("MALFORMED_QUOTE", 2)


def test_a_huge_field(world: World) -> None:
    world.drop(text_of(ROW, changed(product="x" * 200_000)))
    reason = world.rejected_file()
    assert (reason["code"], reason["line"]) == ("FIELD_TOO_LARGE", 3)
    (world.inbox / "rejected" / reason["key"] / "vendas.csv").rename(world.inbox / "vendas.csv")
    assert world.ingest(CSV_MAX_FIELD_BYTES="200000").rows_written == 2


def test_a_row_without_end(world: World) -> None:
    world.drop(text_of(ROW) + "x;" * 5_000)
    reason = world.rejected_file(CSV_MAX_FIELD_BYTES="1000")
    assert (reason["code"], reason["line"]) == ("ROW_TOO_LARGE", 3)


def test_a_row_of_ever_more_lines(world: World) -> None:
    world.drop(text_of(ROW) + '"a\nb";' * 5_000)  # no field is long, but the row never ends
    reason = world.rejected_file(CSV_MAX_FIELD_BYTES="1000")
    assert (reason["code"], reason["line"]) == ("UNCLOSED_QUOTE", 3)


def test_a_nul_byte(world: World) -> None:
    world.drop(text_of(ROW, changed(product="a\0b")))
    reason = world.rejected_file()
    assert (reason["code"], reason["line"]) == ("NUL_BYTE", 3)


def test_utf_16_without_mark_is_no_text(world: World) -> None:
    world.drop(text_of(ROW).encode("utf-16-le"))
    assert world.rejected_file()["code"] == "NUL_BYTE"


@pytest.mark.parametrize("start", [b"\x28\xb5\x2f\xfd", b"\xd0\xcf\x11\xe0\xa1"])
def test_other_archives_and_old_spreadsheets(world: World, start: bytes) -> None:
    world.drop(start + b"...")
    assert world.rejected_file()["code"] == "NOT_PLAIN_TEXT"


def test_a_file_too_large_is_not_even_hashed(world: World) -> None:
    world.drop(text_of(ROW))
    reason = world.rejected_file(CSV_MAX_FILE_BYTES="20")
    assert reason["code"] == "FILE_TOO_LARGE"
    assert reason["key"].startswith("unread-")


def test_one_bad_file_does_not_hold_up_the_others(world: World) -> None:
    world.drop(text_of(ROW), "a.csv")
    world.drop(text_of(ROW).replace("Mesa", '"Mesa'), "b.csv")
    world.drop(b"", "c.csv")
    world.drop(text_of(ROW, ROW), "d.csv")
    run = world.ingest()
    assert (run.error, run.inputs_rejected, run.rows_read, len(run.batches)) == (None, 2, 3, 2)
    assert sorted(reason["file"] for reason in world.reasons()) == ["b.csv", "c.csv"]
    assert len(world.tree("archive")) == 2


def test_the_same_bad_file_again_is_set_aside_again_and_nothing_is_overwritten(world: World) -> None:
    for _ in range(2):
        world.drop(text_of(ROW[:-1]))
        assert world.ingest().inputs_rejected == 1
    names = world.tree("rejected")
    assert sum(name.endswith("vendas.csv") for name in names) == 2
    assert sum(name.endswith("reason.json") for name in names) == 1


def test_a_corrected_setting_takes_the_file_and_leaves_no_stale_rows(world: World) -> None:
    world.drop(text_of(ROW, ROW[:-1]))
    reason = world.rejected_file()
    (world.inbox / "rejected" / reason["key"] / "vendas.csv").rename(world.inbox / "vendas.csv")
    assert world.ingest(CSV_MAX_BAD_ROWS_SHARE="0.5").rows_rejected == 1
    assert len(rejected_rows(world)) == 1


def test_no_message_shows_a_value_of_a_row(world: World) -> None:
    world.drop(text_of(*[ROW] * 30, ROW[:-1]), "ragged.csv")
    world.drop(text_of(ROW, ROW).replace(SECRET, f'"{SECRET}"x'), "malformed.csv")
    world.drop(text_of(ROW).replace("Mesa", f'"{SECRET}'), "unclosed.csv")
    world.drop(text_of(ROW, header=ROW), "headless.csv")
    world.drop(text_of(changed(product=f"{SECRET}\0")), "nul.csv")
    world.drop(text_of(changed(product=f"{SECRET}?")).encode().replace(b"?", b"\x81"), "bytes.csv")
    process = world.command("ingest")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert json.loads(out)["inputs_rejected"] == 5
    assert err.count("file_rejected") == 5 and "UNCLOSED_QUOTE" in err
    for text in (out, err, json.dumps(world.manifest()), json.dumps(world.reasons()), *world.tree()):
        assert SECRET not in text
