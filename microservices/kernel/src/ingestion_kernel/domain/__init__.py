"""What raw ingestion is, free of frameworks, drivers and clouds."""
