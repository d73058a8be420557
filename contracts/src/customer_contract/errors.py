"""What goes wrong when a contract is read."""


class ContractError(Exception):
    """The contract file is missing, is not YAML, or breaks one of its own rules; the text says which and where."""
