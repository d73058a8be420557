"""What the extraction needs of a database."""
