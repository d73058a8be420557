"""Port: where the token key is kept. Two adapters: a file, and a secret scope of Databricks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from etl_customers.config.settings import JobSettings
from etl_customers.errors import ConfigurationInvalid


class TokenKeySource(Protocol):
    """Holds the token key."""

    def read(self) -> bytes:
        """The key as it is kept. Raises ConfigurationInvalid, never with the key in it."""


class Secrets(Protocol):
    """What is needed of `dbutils.secrets`."""

    def get(self, scope: str, key: str) -> str:
        """The value of a secret."""


@dataclass(frozen=True)
class KeyFile:
    """A file of its own, as Kubernetes and people mount it."""

    path: Path

    def read(self) -> bytes:
        """See `TokenKeySource`."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise ConfigurationInvalid(f"the token key file {self.path} cannot be read: {error.strerror}") from None


def databricks_secrets() -> Secrets:
    """`dbutils.secrets` of the cluster. Written from its documentation, never run on Databricks by this project.

    From the SDK that every runtime brings, not through the JVM, which standard access mode keeps out of reach.
    Source: https://docs.databricks.com/dev-tools/sdk-python.html (`databricks.sdk.runtime`)
    """
    secrets: Secrets = import_module("databricks.sdk.runtime").dbutils.secrets
    return secrets


@dataclass(frozen=True)
class SecretScope:
    """A secret of a scope, which may be backed by Key Vault; `secrets` is asked for only when the key is read."""

    scope: str
    name: str
    secrets: Callable[[], Secrets] = databricks_secrets

    def read(self) -> bytes:
        """See `TokenKeySource`."""
        try:
            secrets = self.secrets()
        except Exception as error:  # the SDK, where there is one outside Databricks, fails to log in in its own ways
            raise ConfigurationInvalid(
                f"there is no dbutils here ({type(error).__name__}): a secret scope can be read on Databricks only; "
                "elsewhere give ETL_TOKEN_KEY_FILE"
            ) from None
        try:
            return secrets.get(self.scope, self.name).encode()
        except Exception as error:  # its class differs from runtime to runtime, and its text is not ours to trust
            raise ConfigurationInvalid(
                f"the secret {self.name} of the scope {self.scope} cannot be read ({type(error).__name__}): create it, "
                "or let the identity that runs the job READ the scope (ETL_TOKEN_KEY_SCOPE, ETL_TOKEN_KEY_NAME)"
            ) from None


def key_source(settings: JobSettings) -> TokenKeySource:
    """The source that the settings name."""
    if settings.token_key_scope is not None:
        return SecretScope(settings.token_key_scope, settings.token_key_name)
    assert settings.token_key_file is not None, "the settings are complete"
    return KeyFile(settings.token_key_file)
