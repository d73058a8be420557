"""The job etl-customers: raw to bronze, silver and gold."""
