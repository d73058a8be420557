"""CSV ingestion: files of a drop folder into the raw lake."""
