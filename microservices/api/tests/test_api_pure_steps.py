"""The steps that need no HTTP: order of cursor values, mapping of records, origin of links, settings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from api_ingestion.application.helpers.paging import target_of
from api_ingestion.application.helpers.documents import digest, json_lines, parse_json
from api_ingestion.application.helpers.mapping import RecordMapper
from api_ingestion.domain.cursor import CursorType
from api_ingestion.domain.window import Verdict, Window
from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.retries import parse_retry_after
from api_ingestion.interfaces.main import build_source
from ingestion_kernel.domain.exceptions import ConfigurationInvalid, SourceDataInvalid
from ingestion_kernel.infrastructure.config.settings import load_settings

TIME = CursorType.TIMESTAMP


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2025-01-01T00:00:00Z", "2025-01-01T00:00:00+00:00"),
        ("2025-01-01T00:00:00Z", "2024-12-31T21:00:00-03:00"),
        ("2025-01-01T00:00:00.500Z", "2025-01-01t00:00:00,5z"),
        ("2025-01-01", "2025-01-01 00:00"),
    ],
)
def test_equal_instants(one: str, other: str) -> None:
    assert TIME.key(one) == TIME.key(other) is not None


def test_instants_are_ordered_to_the_last_digit() -> None:
    spelt = [
        "2024-12-31T23:59:59.9999999999Z",
        "2024-12-31T21:00:00-03:00",
        "2025-01-01T00:00:00.0000000001Z",
        "2025-01-01T00:00:00.123456788Z",
        "2025-01-01T00:00:00.123456789Z",
        "2025-01-01T00:00:00.2Z",
    ]
    keys = [TIME.key(text) for text in spelt]
    assert keys == sorted(keys, key=lambda key: key or ()) and len(set(keys)) == len(keys)


@pytest.mark.parametrize("text", ["", "soon", "31/12/2025", "2025-02-30T00:00:00Z", "2025-01-01T25:00Z", "1735689600"])
def test_what_is_no_instant(text: str) -> None:
    assert TIME.key(text) is None


def test_numbers_are_ordered_as_numbers() -> None:
    key = CursorType.NUMBER.key
    assert key("9") < key("10") and key("1.50") == key("1.5")  # type: ignore[operator]
    assert key("NaN") is None and key("x") is None


def test_a_window_that_sees_only_its_boundary_stays_where_it_is() -> None:
    window = Window(TIME, "2025-01-01T00:00:00Z", frozenset({"a", "b"}))
    assert window.admit("2025-01-01T00:00:00+00:00", lambda: "a") is Verdict.KNOWN
    assert window.complete() == {
        "since": "2025-01-01T00:00:00Z",
        "boundary": ["a", "b"],
        "seen_max": "2025-01-01T00:00:00Z",
        "newest": "2025-01-01T00:00:00Z",
        "resume": None,
    }


def test_since_does_not_pass_what_may_have_changed_while_pages_were_read() -> None:
    window = Window(TIME, "2025-01-01T00:00:00Z", began="2025-01-02T12:00:00Z")
    for moment, name in [("2025-01-02T10:00:00Z", "a"), ("2025-01-02T12:02:00Z", "b")]:
        assert window.admit(moment, lambda name=name: name) is Verdict.NEW  # type: ignore[misc]
    resumed = Window.resumed(TIME, json.loads(json.dumps(window.paused({"page": 2}, "x"))))
    assert resumed.admit("2025-01-02T12:03:00Z", lambda: "c") is Verdict.NEW
    watermark = resumed.complete()
    assert (watermark["since"], watermark["newest"]) == ("2025-01-02T10:00:00Z", "2025-01-02T12:03:00Z")

    after = Window.after(TIME, watermark, None, began="2025-01-03T12:00:00Z")
    seen = [("10:00:00", "a"), ("12:01:00", "a changed"), ("12:02:00", "b"), ("12:03:00", "c"), ("12:04:00", "d")]
    verdicts = [
        after.admit(f"2025-01-02T{moment}Z", lambda name=name: name) for moment, name in seen  # type: ignore[misc]
    ]
    assert verdicts == [Verdict.KNOWN, Verdict.NEW, Verdict.KNOWN, Verdict.KNOWN, Verdict.NEW]
    assert after.complete()["since"] == "2025-01-02T12:04:00Z"


@pytest.mark.parametrize("until", ["2025-01-01T11:00:00Z", "2025-01-01T12:00:00Z"])
def test_what_is_known_at_a_windows_end_or_after_it_is_known_to_the_next_one_of_its_row(until: str) -> None:
    noon = "2025-01-01T12:00:00Z"
    first = Window(TIME, "2025-01-01T10:00:00Z", frozenset({"b"}), until=until, known_to=noon)
    assert first.admit("2025-01-01T10:30:00Z", lambda: "a") is Verdict.NEW
    second = Window.after(TIME, first.complete(), "2025-01-01T13:00:00Z")
    assert second.admit(noon, lambda: "b") is Verdict.KNOWN
    assert second.admit("2025-01-01T12:30:00Z", lambda: "c") is Verdict.NEW
    assert second.complete()["boundary"] == ["c"]


def test_a_digest_counts_as_known_at_the_boundary_only() -> None:
    window = Window(TIME, "2025-01-01T00:00:00Z", frozenset({"a"}))
    assert window.admit("2025-01-02T00:00:00Z", lambda: "a") is Verdict.NEW
    assert window.admit("2024-12-31T00:00:00Z", lambda: "z") is Verdict.BEFORE_WINDOW


def test_a_watermark_of_another_type_is_named() -> None:
    with pytest.raises(ConfigurationInvalid, match="not a number"):
        Window(CursorType.NUMBER, "2025-01-01T00:00:00Z")


def mapped(record: Any, **field_map: str) -> dict[str, Any]:
    line = json_lines([RecordMapper(["customer_id", "cpf", "total_amount"], field_map, 64).row(record)])
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    row: dict[str, Any] = json.loads(line)
    return row


def test_scalars_become_text_with_the_digits_received() -> None:
    record = parse_json(b'{"total_amount": 1.10, "cpf": 52998224725, "n": [1e5, true, null, {"x": -0.0}]}')
    assert mapped(record) == {
        "cpf": "52998224725",
        "total_amount": "1.10",
        "_extra": {"n": ["1e5", "true", None, {"x": "-0.0"}]},
    }
    assert parse_json(b"[NaN, 123456789012345678901234567890]") == ["NaN", "123456789012345678901234567890"]


def test_nothing_is_lost_in_the_mapping() -> None:
    record = {"id": "1", "customer_id": "other", "a": {"b": "2", "c": {"d": "3"}, "e": {}}, "_extra": {"f": None}}
    assert mapped(record, customer_id="id", cpf="a.b", total_amount="a.b.z") == {
        "customer_id": "1",
        "cpf": "2",
        "_extra": {"customer_id": "other", "a": {"c": {"d": "3"}, "e": {}}, "_extra": {"f": None}},
    }
    assert mapped({"a": "text"}, cpf="a.b") == {"_extra": {"a": "text"}}
    assert mapped({"a": {}}, cpf="a.b") == {"_extra": {"a": {}}}
    assert mapped({"a": {"b": "1"}}, cpf="a", customer_id="a.b") == {"cpf": {"b": "1"}, "customer_id": "1"}
    assert mapped({"customer_id": None}) == {"customer_id": None}
    assert mapped(["x", True]) == {"_extra": {"_record": ["x", "true"]}}


def test_line_feeds_and_broken_surrogates_stay_in_their_line() -> None:
    assert mapped({"cpf": "a\nb\u2028c"}) == {"cpf": "a\nb\u2028c"}
    assert b"\\ud800" in json_lines([RecordMapper(["cpf"], {}, 64).row(parse_json(b'{"cpf": "\\ud800"}'))])


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": "1", "b": "2"}, 9) == digest({"b": "2", "a": "1"}, 9) != digest({"a": "1", "b": "3"}, 9)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("https://api.example.com/v1/list?p=2", "/v1/list?p=2"),
        ("https://api.example.com:443/v1/list?p=2", "/v1/list?p=2"),
        ("/v2", "/v2"),
        ("?p=2", "/v1/list?p=2"),
        ("https://api.example.com", "/"),
    ],
)
def test_links_of_the_same_origin(link: str, target: str) -> None:
    assert target_of("https://api.example.com/v1/list", link) == target


@pytest.mark.parametrize(
    "link",
    [
        "http://api.example.com/v1/list",
        "https://api.example.com:8443/v1/list",
        "https://api.example.com.evil.example/v1",
        "https://api.example.com@evil.example/",
        "https://user:pass@api.example.com/",
        "//evil.example/",
        "https://[bad/",
        "https://api.example.com:port/",
        "file:///etc/passwd",
    ],
)
def test_links_of_another_origin(link: str) -> None:
    with pytest.raises(SourceDataInvalid, match="not followed"):
        target_of("https://api.example.com/v1/list", link)


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("120", None, 120),
        ("Thu, 01 Jan 2026 00:01:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", 60),
        ("Thu, 01 Jan 2026 00:01:00 GMT", None, 30),
        ("Thu, 01 Jan 2015 00:00:00 GMT", None, 0),
        (None, None, None),
        ("soon", None, None),
        ("-5", None, None),
    ],
)
def test_retry_after(value: str | None, date: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, date, datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"API_URL": ""}, "API_URL is missing"),
        ({"API_URL": "http://api.example.com/"}, "API_ALLOW_HTTP"),
        ({"API_URL": "https://u:hidden@api.example.com/"}, "API_KEY"),
        ({"API_URL": "ftp://api.example.com/"}, "http or https"),
        ({"API_URL": "https://api.example.com/a b"}, "percent-encoded"),
        ({"API_KEY": ""}, "requires API_KEY"),
        ({"API_KEY": "hid\nden"}, "printable ASCII"),
        ({"API_PAGING": "hidden"}, "API_PAGING"),
        ({"API_FIELD_MAP": "{hidden"}, "settings"),
        ({"API_SETTLE_SECONDS": "5"}, "API_UNTIL_PARAM"),
        ({"API_SHORT_PAGE_ENDS": "true"}, "API_SIZE_PARAM"),
        ({"API_UNTIL_PARAM": "b", "API_CURSOR_TYPE": "number"}, "API_CURSOR_TYPE"),
    ],
)
def test_wrong_settings_are_named_without_their_value(
    changes: dict[str, str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"RAW_URL": "/tmp/raw", "API_URL": "https://api.example.com/", "API_KEY": "key"}
    for name, value in (good | changes).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationInvalid, match=reason) as caught:
        load_settings(ApiSettings)
    assert "hid" not in str(caught.value)


def test_a_field_map_with_an_unknown_column_is_refused() -> None:
    settings = ApiSettings(raw_url="/tmp/raw", api_url="https://a.example/", api_auth="none", api_field_map={"x": "y"})
    with pytest.raises(ConfigurationInvalid, match="x"):
        build_source(settings)
