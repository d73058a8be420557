"""Tokens: equal to Python's hmac, and a key that shows up nowhere."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from etl_customers.config.settings import JobSettings
from etl_customers.errors import ConfigurationInvalid
from etl_customers.privacy.key_source import KeyFile, SecretScope, key_source
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
        read_token_key(KeyFile(path), "k1")
    assert content.decode() not in str(refusal.value)


def test_a_missing_key_stops_the_job(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        read_token_key(KeyFile(tmp_path / "none"), "k1")


def test_a_random_key_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(secrets.token_hex(32) + "\n", encoding="utf-8")
    assert len(read_token_key(KeyFile(path), "k1").master) == 64


class FakeSecrets:
    """`dbutils.secrets` with one secret; like the real one it quotes what it likes in its faults."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get(self, scope: str, key: str) -> str:
        if (scope, key) != ("etl", "token-key"):
            raise LookupError(f"Secret does not exist with scope: {scope} and key: {key}; near it: {self._value}")
        return self._value


def test_a_secret_scope_gives_the_key_that_a_file_would(tmp_path: Path) -> None:
    value = secrets.token_hex(32)
    (tmp_path / "key").write_text(f"{value}\n", encoding="utf-8")
    scope = SecretScope("etl", "token-key", lambda: FakeSecrets(value))
    assert read_token_key(scope, "k1") == read_token_key(KeyFile(tmp_path / "key"), "k1")


@pytest.mark.parametrize(("scope", "name"), [("other", "token-key"), ("etl", "other")])
def test_a_secret_out_of_reach_says_what_to_do_and_never_a_value(scope: str, name: str) -> None:
    value = secrets.token_hex(32)
    with pytest.raises(ConfigurationInvalid, match="create it, or let the identity .* READ the scope") as refusal:
        read_token_key(SecretScope(scope, name, lambda: FakeSecrets(value)), "k1")
    assert scope in str(refusal.value) and name in str(refusal.value)
    assert value not in str(refusal.value) and refusal.value.__suppress_context__


def test_a_weak_secret_is_refused_like_a_weak_file() -> None:
    with pytest.raises(ConfigurationInvalid, match="not random"):
        read_token_key(SecretScope("etl", "token-key", lambda: FakeSecrets("changeme" * 8)), "k1")


def test_outside_databricks_a_scope_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """By the real look-up of dbutils, which is not to be had here."""
    with pytest.raises(ConfigurationInvalid, match="on Databricks only; elsewhere give ETL_TOKEN_KEY_FILE"):
        read_token_key(key_source(_settings(tmp_path, token_key_scope="etl")), "k1")


def test_the_settings_choose_the_source(tmp_path: Path) -> None:
    assert key_source(_settings(tmp_path, token_key_file=tmp_path / "key")) == KeyFile(tmp_path / "key")
    assert key_source(_settings(tmp_path, token_key_scope="etl")) == SecretScope("etl", "token-key")


def _settings(root: Path, **key: object) -> JobSettings:
    paths = {f"{name}_path": str(root / name) for name in ("raw", "bronze", "silver", "gold", "runs")}
    return JobSettings(**paths, **key)  # type: ignore[arg-type]
