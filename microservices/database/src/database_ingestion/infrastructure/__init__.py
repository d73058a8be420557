"""Drivers and settings."""
