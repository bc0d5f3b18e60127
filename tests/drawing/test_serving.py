"""A page on localhost: it is there, and nothing else is."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from threading import Thread

import pytest

from graphgen.drawing.serving import address, server

HTML = "<!DOCTYPE html><title>ä</title>"


@pytest.fixture
def port() -> Iterator[int]:
    with server(HTML) as found:
        thread = Thread(target=found.serve_forever)
        thread.start()
        assert address(found) == f"http://127.0.0.1:{found.server_address[1]}/"
        yield found.server_address[1]
        found.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", host: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, headers={} if host is None else {"Host": host})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_the_page_is_served(port: int) -> None:
    assert ask(port, "/") == (200, HTML.encode())
    assert ask(port, "/index.html?x=1") == (200, HTML.encode())
    assert ask(port, "/", "HEAD") == (200, b"")


@pytest.mark.parametrize("path", ["/other", "/../etc/passwd", "/%2e%2e/", "/index"])
def test_nothing_else_is_served(port: int, path: str) -> None:
    assert ask(port, path)[0] == 404


def test_other_names_and_methods_are_refused(port: int) -> None:
    assert ask(port, "/", host="evil.example")[0] == 403
    assert ask(port, "/", host="localhost")[0] == 200
    assert ask(port, "/", "POST")[0] == 501
