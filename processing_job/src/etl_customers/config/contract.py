"""The contract that the settings name."""

from __future__ import annotations

from customer_contract import Contract, ContractError, load_contract

from etl_customers.config.settings import JobSettings
from etl_customers.errors import ConfigurationInvalid


def read_contract(settings: JobSettings) -> Contract:
    """The contract at ETL_CONTRACT_PATH, or the packaged one.

    Raises:
        ConfigurationInvalid: it cannot be read or breaks a rule. The text quotes the contract, which holds no row.
    """
    try:
        return load_contract(settings.contract_path)
    except ContractError as error:
        raise ConfigurationInvalid(f"the contract of ETL_CONTRACT_PATH cannot be used: {error}") from None
