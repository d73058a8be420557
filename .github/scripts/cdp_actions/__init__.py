"""What the workflows do beyond a line of shell; the standard library only, so that it runs before anything is set up.

`python3 -m cdp_actions COMMAND`: see `python3 -m cdp_actions --help`.
"""

from pathlib import Path

#: The repository.
ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENTS = ("dev", "pre", "prod")
SERVICES = ("database", "api", "csv")
