"""A small stand-in for an api process: tells what it got, streams, and echoes behind an upgrade.

Usage: edge_backend.py NAME PORT
"""

import base64
import hashlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

name, port = sys.argv[1], int(sys.argv[2])
seen = {}
# Lets streams of events go on.
going_on = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        self.send_header("X-Backend", name)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        seen[path] = seen.get(path, 0) + 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path == "/v1/chat" and self.headers.get("Upgrade", "").lower() == "websocket":
            return self.echo()
        if path.endswith("/events"):
            return self.events()
        if path.startswith("/v1/playback/"):
            return self.answer(b"segment" * 1000, Cache_Control="public, max-age=60, immutable", ETag='"1"')
        if path == f"/die/{name}":
            # The request has arrived, an answer never will.
            return self.connection.shutdown(2)
        if path == "/go":
            going_on.set()
        if path == "/seen":
            return self.answer(json.dumps(seen).encode())
        headers = {key.lower(): ", ".join(self.headers.get_all(key)) for key in self.headers.keys()}
        self.answer(json.dumps({"headers": headers, "bytes": len(body)}).encode())

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def events(self):
        self.send_response(200)
        self.send_header("X-Backend", name)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        going_on.clear()
        for number in (1, 2):
            line = b"data: %d\n\n" % number
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
            if number == 1:
                going_on.wait(60)
        self.wfile.write(b"0\r\n\r\n")

    def echo(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("X-Backend", name)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while data := self.connection.recv(4096):
            self.connection.sendall(data)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        """A proxy that closes its connection is no news."""


Server(("127.0.0.1", port), Handler).serve_forever()
