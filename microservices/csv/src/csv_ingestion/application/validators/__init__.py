"""What a file must satisfy before a row of it is taken."""
