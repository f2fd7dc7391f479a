"""A proxy on 127.0.0.1 that keeps every byte it is sent.

    with RecordingProxy(b"HTTP/1.1 407 Proxy Authentication Required\\r\\nContent-Length: 0\\r\\n\\r\\n") as proxy:
        ... HTTPS_PROXY = proxy.url

It answers each connection's first request with `answer`, says nothing for an empty one, and reads on for what follows.
"""

from __future__ import annotations

import socketserver
import threading
from types import TracebackType

OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


class RecordingProxy:
    """`seen` is all that arrived, over all connections."""

    def __init__(self, answer: bytes = OPEN) -> None:
        self.seen = b""
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.settimeout(2)
                answered = False
                try:
                    while part := self.request.recv(65536):
                        proxy.seen += part
                        if not answered and b"\r\n\r\n" in proxy.seen:
                            answered = True
                            self.request.sendall(answer)
                except OSError:
                    return

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def place(self) -> str:
        """`host:port`."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """What the environment names."""
        return f"http://{self.place}"

    def __enter__(self) -> RecordingProxy:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
