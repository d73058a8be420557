"""What the three ingestion services share: ports, the ingestion use case, the raw lake, the HTTP and command shells."""
