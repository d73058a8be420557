"""Writes values.schema.json of the three service charts: `python scripts/chart_schemas.py`.

What all charts share is said once, in helm/values.schema.yaml, as a chart cannot have a schema from its library (helm
issue 10955). The settings and secrets come from each service's own Settings class: a chart refuses what the service
would refuse, and a secret has no place among the settings.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import yaml
from api_ingestion.infrastructure.config.settings import ApiSettings
from csv_ingestion.infrastructure.config.settings import CsvSettings
from database_ingestion.infrastructure.config.settings import DatabaseSettings
from ingestion_kernel.infrastructure.config.settings import KernelSettings
from pydantic import SecretStr
from pydantic.fields import FieldInfo

ROOT = Path(__file__).resolve().parents[1]
SETTINGS: dict[str, type[KernelSettings]] = {"api": ApiSettings, "csv": CsvSettings, "database": DatabaseSettings}
#: Set by the chart's templates, or for emulators on loopback only.
_NOT_IN_VALUES = {"host", "port", "stop_timeout_seconds", "adls_account_key"}
#: Beside the Settings class; read by OpenTelemetry's SDK.
_OTHER_SETTINGS = {"OTEL_RESOURCE_ATTRIBUTES": {"type": "string", "minLength": 1}}
#: A password has no place in values, not within an address either.
_LOGIN_IN_A_URL = "://[^/@]*:[^/@]*@"
_KEPT = {"type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "items"}


def main() -> None:
    """Write all of them."""
    for service in SETTINGS:
        schema_file(service).write_text(schema_text(service), encoding="utf-8")


def schema_file(service: str) -> Path:
    """Where the schema of a service's chart is."""
    return ROOT / "microservices" / service / "helm" / "values.schema.json"


def schema_text(service: str) -> str:
    """The schema of a service's chart, as it must stand in its file."""
    schema: dict[str, Any] = yaml.safe_load((ROOT / "helm" / "values.schema.yaml").read_text(encoding="utf-8"))
    fields = {name: field for name, field in SETTINGS[service].model_fields.items() if name not in _NOT_IN_VALUES}
    secrets = {name for name, field in fields.items() if _is_secret(field)}
    properties = schema["properties"]
    properties["settings"] = _settings({name: fields[name] for name in fields.keys() - secrets}, SETTINGS[service])
    properties["secrets"]["properties"]["objects"] = _objects(secrets, fields)
    schema["title"] = f"Values of the chart {service}-ingestion"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _settings(fields: dict[str, FieldInfo], of: type[KernelSettings]) -> dict[str, Any]:
    document = of.model_json_schema()
    return {
        "description": "Environment variables of the service; see its README. Secrets are not among them.",
        "type": "object",
        "additionalProperties": False,
        "required": sorted(name.upper() for name, field in fields.items() if field.is_required()),
        "properties": {name.upper(): _plain(document["properties"][name], document) for name in sorted(fields)}
        | _OTHER_SETTINGS,
    }


def _objects(secrets: set[str], fields: dict[str, FieldInfo]) -> dict[str, Any]:
    needed = {name for name in secrets if fields[name].is_required()} | {"service_token"}
    return {
        "description": "File in SECRETS_DIR -> name of the secret in the Key Vault.",
        "type": "object",
        "additionalProperties": False,
        "required": sorted(needed),
        "properties": {name: {"type": "string", "pattern": "^[0-9A-Za-z-]{1,127}$"} for name in sorted(secrets)},
    }


def _plain(field: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Pydantic's schema of one setting, without null, references and what only Python understands."""
    if "$ref" in field:
        field = document["$defs"][field["$ref"].rpartition("/")[2]]
    options = [option for option in field.get("anyOf", []) if option.get("type") != "null"]
    if options:
        return _plain(options[0], document)
    if field.get("contentMediaType") == "application/json" or field.get("type") == "object":
        return {"type": "object", "additionalProperties": {"type": "string"}}
    kept = {key: value for key, value in field.items() if key in _KEPT}
    if kept.get("type") == "string" and "enum" not in kept:
        kept |= {"minLength": 1, "not": {"pattern": _LOGIN_IN_A_URL}}
        # Python's anchors, which the regular expressions of JSON Schema do not have
        kept |= {"pattern": text.replace(r"\A", "^").replace(r"\z", "$") for text in [kept.get("pattern")] if text}
    if kept.get("type") == "array":
        kept["items"] = _plain(kept["items"], document)
    return kept


if __name__ == "__main__":
    main()
