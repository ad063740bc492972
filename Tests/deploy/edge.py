"""Tests of deploy/edge: HAProxy and nginx, each before two backends on loopback."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

here = pathlib.Path(__file__).parent
edge = here.parent.parent / "deploy" / "edge"
taken = set()


def free_port():
    """Below the range that the kernel gives to outgoing connections."""
    for port in range(int(os.environ.get("EDGE_PORT", "28000")), 32768):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port not in taken and probe.connect_ex(("127.0.0.1", port)) != 0:
                try:
                    probe.close()
                    with socket.socket() as bound:
                        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        bound.bind(("127.0.0.1", port))
                except OSError:
                    continue
                taken.add(port)
                return port
    raise RuntimeError("no free port")


def until(what, condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.05)


class Edge:
    """Two backends and the proxy before them, shared by the tests of a class; `ask` goes through the proxy."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="cloudstream-edge-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.ports = {"one": free_port(), "two": free_port()}
        cls.backends = {}
        for name in cls.ports:
            cls.start_backend(name)
        cls.port = free_port()
        command, environment = cls.proxy()
        log = open(cls.folder / "log", "w")
        cls.addClassCleanup(log.close)
        for options in cls.check, []:
            process = subprocess.Popen([*command, *options], env=environment, stdout=log, stderr=log)
            if options and process.wait(60) != 0:
                raise AssertionError((cls.folder / "log").read_text())
        cls.addClassCleanup(cls.stop, process)
        until("the proxy answers from both", lambda: cls.names(8) == {"one", "two"})

    @classmethod
    def start_backend(cls, name):
        process = subprocess.Popen(
            [sys.executable, "-B", "-S", str(here / "edge_backend.py"), name, str(cls.ports[name])])
        cls.backends[name] = process
        cls.addClassCleanup(cls.stop, process)
        until(f"{name} listens", lambda: cls.is_open(cls.ports[name]))

    @staticmethod
    def is_open(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    @staticmethod
    def stop(process):
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @classmethod
    def ask(cls, path, method="GET", body=None, headers=None, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or cls.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            answer.content = answer.read()
            return answer
        finally:
            connection.close()

    @classmethod
    def names(cls, count):
        """Backends that answer; what the proxy answers by itself counts as None."""
        try:
            return {cls.ask("/v1/me").headers["X-Backend"] for _ in range(count)}
        except OSError:
            return set()

    def seen(self, path):
        return sum(json.loads(self.ask("/seen", port=port).content).get(path, 0) for port in self.ports.values())

    def open_socket(self):
        client = socket.create_connection(("127.0.0.1", self.port), 10)
        self.addCleanup(client.close)
        client.sendall(
            b"GET /v1/chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(1)
        head = head.decode().lower()
        self.assertTrue(head.startswith("http/1.1 101"), head)
        self.assertIn("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=", head)
        return client, "one" if "x-backend: one" in head else "two"


class Passing(Edge):
    def test_a_request_shows_the_true_client(self):
        answer = self.ask("/v1/me", headers={
            "X-Forwarded-For": "8.8.8.8", "X-Forwarded-Proto": "https", "Forwarded": "for=8.8.8.8",
            "Host": "video.example.com", "Upgrade": "h2c", "Connection": "Upgrade"})
        got = json.loads(answer.content)["headers"]
        self.assertEqual(got["x-forwarded-for"], "127.0.0.1")
        self.assertEqual(got["x-forwarded-proto"], "http")
        self.assertEqual(got["x-forwarded-host"], "video.example.com")
        self.assertEqual(got["host"], "video.example.com")
        self.assertNotIn("forwarded", got)
        self.assertNotIn("upgrade", got)

    def test_requests_go_round(self):
        def is_even():
            answers = [self.ask("/v1/videos").headers["X-Backend"] for _ in range(20)]
            return 8 <= answers.count("one") <= 12
        # A health check that was late has one of them begin slowly.
        until("both get as many requests", is_even)

    def test_bodies_have_a_limit(self):
        self.assertEqual(json.loads(self.ask("/v1/videos", "POST", b"x" * 200_000).content)["bytes"], 200_000)
        part = self.ask("/objects/a/parts/1", "PUT", b"x" * 8_388_608)
        self.assertEqual(json.loads(part.content)["bytes"], 8_388_608)
        # Refused by what is announced, before a byte of it is sent.
        for method, path, length in ("POST", "/v1/videos", 262_145), ("PUT", "/objects/a/parts/1", 8_388_609):
            refused = self.ask(method=method, path=path, headers={"Content-Length": str(length)})
            self.assertEqual(refused.status, 413)
            self.assertEqual(refused.headers["Content-Type"], "application/problem+json")
            self.assertEqual(json.loads(refused.content)["code"], "payload_too_large")

    def test_segments_come_from_the_cache(self):
        path = "/v1/playback/token/video/segment.m4s"
        answers = [self.ask(path) for _ in range(10)]
        self.assertEqual({answer.content for answer in answers}, {b"segment" * 1000})
        self.assertEqual(self.seen(path), 1)

    def test_events_are_not_held_back(self):
        for path in "/v1/videos/1/events", "/v1/notifications/events":
            with self.subTest(path), socket.create_connection(("127.0.0.1", self.port), 10) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                got = b""
                while b"data: 1" not in got:
                    got += client.recv(4096)
                # The backend goes on only when the first has come through.
                self.assertNotIn(b"data: 2", got)
                for port in self.ports.values():
                    self.ask("/go", port=port)
                while b"data: 2" not in got:
                    got += client.recv(4096)

    def test_websockets_pass_and_spread_by_fewest_connections(self):
        opened = [self.open_socket() for _ in range(6)]
        for number, (client, _) in enumerate(opened):
            for turn in range(3):
                client.sendall(b"%d/%d" % (number, turn))
                self.assertEqual(client.recv(64), b"%d/%d" % (number, turn))
        self.assertEqual([name for _, name in opened].count("one"), 3)


class Failing(Edge):
    def test_only_what_may_be_repeated_is_repeated(self):
        # One of the two hangs up on this path, so about every other first try ends there.
        self.assertEqual({self.ask("/die/one").status for _ in range(6)}, {200})
        until("both are back in turn", lambda: self.names(8) == {"one", "two"})
        before, statuses = self.seen("/die/one"), []
        while set(statuses) <= {200} and len(statuses) < 100:
            statuses.append(self.ask("/die/one", "POST", b"{}").status)
        self.assertIn(statuses[-1], (502, 503), "no POST met the one that hangs up")
        self.assertEqual(self.seen("/die/one") - before, len(statuses), "a POST was sent twice")

    def test_a_backend_dies_and_returns_without_a_failed_request(self):
        statuses, stop = [], threading.Event()

        def load():
            while not stop.is_set():
                try:
                    statuses.append(self.ask("/v1/videos").status)
                except OSError as error:
                    statuses.append(repr(error))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.3)
            self.backends["one"].kill()
            self.backends["one"].wait()
            until("the dead one gets nothing", lambda: self.names(10) == {"two"})
            self.start_backend("one")
            until("it takes part again", lambda: self.names(10) == {"one", "two"})
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(set(statuses), {200})
        self.assertGreater(len(statuses), 50)

    def test_without_any_backend_the_answer_is_a_problem_document(self):
        for process in self.backends.values():
            process.kill()
            process.wait()
        answer = self.ask("/v1/me")
        self.assertEqual(answer.status, 503)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual(answer.headers["Retry-After"], "1")


class HAProxy:
    check = ["-c"]

    @classmethod
    def proxy(cls):
        # No `-W`: without a master the process ends with its test.
        return ["haproxy", "-f", str(edge / "haproxy.cfg")], os.environ | {
            "EDGE_BIND": f"127.0.0.1:{cls.port}", "EDGE_SOCKET": str(cls.folder / "admin.sock"),
            "EDGE_API_1": f"127.0.0.1:{cls.ports['one']}", "EDGE_API_2": f"127.0.0.1:{cls.ports['two']}"}


class Nginx:
    check = ["-t"]

    @classmethod
    def proxy(cls):
        upstreams = (edge / "nginx-upstreams.conf").read_text()
        for address, name in ("10.0.0.11:8090", "one"), ("10.0.0.12:8090", "two"):
            upstreams = upstreams.replace(address, f"127.0.0.1:{cls.ports[name]}")
        for name, text in {
            "nginx.conf": (edge / "nginx.conf").read_text(), "nginx-upstreams.conf": upstreams,
            "nginx-listen.conf": f"listen 127.0.0.1:{cls.port};\n",
        }.items():
            (cls.folder / name).write_text(text)
        # Workers of root would run as nobody, who may not enter a temporary folder.
        directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
        return ["nginx", "-p", str(cls.folder), "-c", str(cls.folder / "nginx.conf"), "-g", directives], None


class HAProxyPassingTests(HAProxy, Passing, unittest.TestCase):
    pass


class HAProxyFailingTests(HAProxy, Failing, unittest.TestCase):
    def command(self, text):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.folder / "admin.sock"))
            client.sendall(text.encode() + b"\n")
            return b"".join(iter(lambda: client.recv(4096), b"")).decode()

    def test_an_instance_can_be_drained(self):
        chats = [self.open_socket() for _ in range(2)]
        for backend in ("api", "playback", "chat"):
            self.command(f"set server {backend}/api-1 state drain")
        self.assertEqual(self.names(10), {"two"})
        for client, _ in chats:
            client.sendall(b"still here")
            self.assertEqual(client.recv(64), b"still here")
        for backend in ("api", "playback", "chat"):
            self.command(f"set server {backend}/api-1 state ready")
        until("it takes part again", lambda: self.names(10) == {"one", "two"})


class NginxPassingTests(Nginx, Passing, unittest.TestCase):
    pass


class NginxFailingTests(Nginx, Failing, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
