"""How a CSV file is judged and made canonical; knows text, not disks."""
