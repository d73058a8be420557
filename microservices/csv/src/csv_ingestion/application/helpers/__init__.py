"""Small steps that several parts of the service take."""
