"""The service that takes customer records from a partner's HTTP API into the raw lake."""
