"""A page on localhost, for those who look from another program, or through a tunnel."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)


def server(html: str, port: int = 0) -> ThreadingHTTPServer:
    """Give a server of one page on this machine alone; a port of 0 takes one that is free.

    with server(graphgen.drawing.view("cnn")) as found:
        print(address(found))       # and found.serve_forever()
    """
    content = html.encode()

    class Handler(BaseHTTPRequestHandler):
        """Gives the page at `/`, and nothing else."""

        server_version = "graph-metanetworks"
        sys_version = ""

        def do_GET(self) -> None:
            self.answer(content)

        def do_HEAD(self) -> None:
            self.answer(b"")

        def answer(self, body: bytes) -> None:
            """Send the page, or say that there is none."""
            # A name that another site made point here is refused.
            host = self.headers.get("Host", "").rsplit(":", 1)[0]
            if host not in ("localhost", "127.0.0.1", "[::1]"):
                self.send_error(403)
            elif self.path.split("?")[0] not in ("/", "/index.html"):
                self.send_error(404)
            else:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Content-Security-Policy", POLICY)
                self.send_header("X-Content-Type-Options", "nosniff")
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def address(found: ThreadingHTTPServer) -> str:
    """Give the address to open."""
    return f"http://127.0.0.1:{found.server_address[1]}/"


def serve(html: str, port: int = 0, started: Callable[[str], object] | None = None) -> None:
    """Serve a page until interrupted, and print where; `started` is called with the address."""
    with server(html, port) as found:
        print(f"Showing at {address(found)} (Ctrl+C to stop)", flush=True)
        if started is not None:
            started(address(found))
        try:
            found.serve_forever()
        except KeyboardInterrupt:
            print()
