"""Settings, from the environment and from mounted secret files."""
