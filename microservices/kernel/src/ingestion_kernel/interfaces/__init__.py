"""How people and machines reach a service: HTTP and the command line."""
