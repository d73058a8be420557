"""A partner's API that costs nothing to ask: pages built beforehand, sent from memory. Run as a command.

Arguments: FILE (a JSON record a line), records in a page. Prints its port; answers GET /?cursor=N on kept connections.
"""

from __future__ import annotations

import re
import socketserver
import sys
from pathlib import Path

_CURSOR = re.compile(rb"[?&]cursor=(\d+)")


def pages_of(file: Path, size: int) -> list[bytes]:
    """Whole HTTP answers, one a page."""
    lines = file.read_bytes().splitlines()
    starts = range(0, len(lines), size)
    pages = []
    for number, start in enumerate(starts):
        onward = b"null" if number + 1 == len(starts) else b'"%d"' % (number + 1)
        body = b'{"data":[%s],"next_cursor":%s}' % (b",".join(lines[start : start + size]), onward)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        pages.append(head % len(body) + body)
    return pages


class Handler(socketserver.StreamRequestHandler):
    """Answers one connection's requests, one after the other."""

    pages: list[bytes]

    def handle(self) -> None:
        """Until the client hangs up."""
        while request := self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            asked = _CURSOR.search(request)
            self.request.sendall(self.pages[int(asked.group(1)) if asked else 0])


def main() -> None:
    """Entry point."""
    Handler.pages = pages_of(Path(sys.argv[1]), int(sys.argv[2]))
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
