"""What a table extraction is, free of drivers and frameworks."""
