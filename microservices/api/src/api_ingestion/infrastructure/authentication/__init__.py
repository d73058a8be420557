"""Credentials towards the API."""
