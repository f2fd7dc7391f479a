"""HTTPS endpoints: whom a run trusts, though certificates are read late."""

from __future__ import annotations

import http.server
import json
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ASK = """
import asyncio, sys
from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.llm.faults import TransportError
from datagen_cli.llm.keys import locate
from datagen_cli.llm.openai_http import OpenAIHTTP, aiohttp

options = ModelOptions(name="m", base_url=sys.argv[1])

async def ask():
    endpoint = OpenAIHTTP(options, locate(options, {}))
    try:
        print((await endpoint.complete({"model": "m"}, Draw(0, 1, "generate"), timeout_s=20)).text)
    except TransportError as fault:
        print(fault)
    await endpoint.close()

print(aiohttp.connector._SSL_CONTEXT_VERIFIED.cert_store_stats()["x509_ca"])
asyncio.run(ask())
"""


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers every POST with one completion."""

    def do_POST(self) -> None:
        body = json.dumps({"choices": [{"message": {"content": "trusted"}, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def serving(certificate: Path, key: Path) -> Iterator[int]:
    """An HTTPS server on this machine; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate of this test")
def test_a_server_is_trusted_by_the_certificates_of_the_system_and_by_no_others(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {certificate} -days 2 -subj /CN=localhost"
    subprocess.run([*made.split(), "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    said = []
    with serving(certificate, key) as port:
        for environ in ({}, {"SSL_CERT_FILE": str(certificate)}):
            command = [sys.executable, "-c", ASK, f"https://127.0.0.1:{port}/v1"]
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
            said.append(done.stdout.splitlines())
    (none, refused), (still_none, trusted) = said
    assert (none, still_none, trusted) == ("0", "0", "trusted")
    assert "certificate verify failed" in refused.lower()
