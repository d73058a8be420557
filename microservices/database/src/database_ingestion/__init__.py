"""Takes customers from a database table into the raw lake."""
