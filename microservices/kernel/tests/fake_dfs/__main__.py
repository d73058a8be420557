"""`python -m fake_dfs`: the server in a process of its own; prints its RAW_URL, and ends when its input is closed."""

import sys

from fake_dfs.entries import Account
from fake_dfs.server import running

with running(Account()) as server:
    print(server.url, flush=True)
    sys.stdin.read()
