"""Tokens: equal to Python's hmac, and a key that shows up nowhere."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from etl_customers.errors import ConfigurationInvalid
from etl_customers.privacy.token_key import KeyedHash, TokenKey, read_token_key

KEY = TokenKey("k1", bytes(range(40)))


def test_tokens_equal_pythons_hmac(spark: SparkSession) -> None:
    messages = ["52998224725", "", "áéí ß 漢", "x" * 1000, None]
    frame = spark.createDataFrame([(i, m) for i, m in enumerate(messages)], "i int, message string")
    keyed_hash = KeyedHash(spark, KEY, ("cpf:v1",))
    rows = frame.withColumn("token", keyed_hash(frame["message"], "cpf:v1")).orderBy("i").collect()
    subkey = KEY.subkey("cpf:v1")
    expected = [m if m is None else hmac.new(subkey, m.encode(), hashlib.sha256).hexdigest() for m in messages]
    assert [row["token"] for row in rows] == expected
    assert set(rows[0].asDict()) == {"i", "message", "token"}


def test_subkeys_of_two_purposes_differ() -> None:
    assert KEY.subkey("cpf:v1") != KEY.subkey("row:v1")


def test_the_key_stands_in_no_plan_and_no_repr(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("52998224725",)], "message string")
    keyed = frame.withColumn("token", KeyedHash(spark, KEY, ("cpf:v1",))(frame["message"], "cpf:v1"))
    keyed.collect()  # the plan of a query that ran tells more than one that did not
    execution = keyed._jdf.queryExecution()  # type: ignore[operator]
    plan = execution.toString() + execution.executedPlan().toString() + execution.toString() + repr(KEY)
    padded = KEY.subkey("cpf:v1").ljust(64, b"\0")
    for pad in (0x00, 0x36, 0x5C):
        secret = bytes(b ^ pad for b in padded)
        for shown in (secret.hex()[:32], secret.hex()[:32].upper(), str(list(secret))[1:60]):
            assert shown not in plan
    assert KEY.master.hex() not in plan and repr(KEY.master) not in plan


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"short", "at least 32 bytes"), (b"a" * 64, "not random"), (b"0123456789abcdef" * 4, "not random")],
)
def test_a_weak_key_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(ConfigurationInvalid, match=says) as refusal:
        read_token_key(path, "k1")
    assert content.decode() not in str(refusal.value)


def test_a_missing_key_stops_the_job(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        read_token_key(tmp_path / "none", "k1")


def test_a_random_key_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(secrets.token_hex(32) + "\n", encoding="utf-8")
    assert len(read_token_key(path, "k1").master) == 64
