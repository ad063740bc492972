"""Many clients of one room, by a WebSocket library that is not ours; says what they sent, got and missed.

Usage: talk.py BASE TOKEN[,TOKEN...] ROOM SECONDS. Prints one JSON object; ends with 1 if anything is not as it must be.
Each client sends the next message when the one before was acknowledged, now and then in fragments, pings, drops its
connection without a word, and comes back behind the last number that it has.
"""
import asyncio
import json
import random
import sys
import time
import urllib.request

import websockets


class Client:
    def __init__(self, base, token, room, name, end):
        self.base, self.token, self.room, self.name, self.end = base, token, room, name, end
        self.seen = []
        self.acknowledged = {}
        self.pending = None
        self.number = 0
        self.pinged_at = 0
        self.connections = self.fragmented = self.pongs = self.gaps = self.drains = 0
        self.faults = []

    def last(self):
        return self.seen[-1]["seq"] if self.seen else 0

    @property
    def is_done(self):
        return time.monotonic() > self.end and self.pending is None

    async def run(self, everybody):
        """Until all are done and this one has seen all that was acknowledged to anybody."""
        deadline = self.end + 60
        while time.monotonic() < deadline:
            try:
                await asyncio.wait_for(self.talk(everybody), deadline - time.monotonic())
                return
            except (OSError, asyncio.TimeoutError, EOFError, websockets.WebSocketException):
                await asyncio.sleep(random.uniform(0.02, 0.15))
        self.faults.append("did not come to an end")

    async def talk(self, everybody):
        address = self.base.replace("http", "ws", 1) + "/v1/chat"
        async with websockets.connect(
            address, open_timeout=10, ping_interval=1, ping_timeout=15, close_timeout=2, max_size=1 << 20
        ) as socket:
            room = {"id": self.room, "afterSeq": self.last()}
            await socket.send(json.dumps({"type": "hello", "token": self.token, "rooms": [room]}))
            self.connections += 1
            drop = time.monotonic() + random.uniform(0.5, 4)
            is_subscribed = False
            while True:
                top = max((seq for c in everybody for seq in c.acknowledged.values()), default=0)
                if all(c.is_done for c in everybody) and self.last() >= top:
                    return
                if time.monotonic() > drop and time.monotonic() < self.end:
                    socket.transport.abort()
                if time.monotonic() > self.pinged_at + 0.5:
                    self.pinged_at = time.monotonic()
                    (await socket.ping()).add_done_callback(self.ponged)
                try:
                    frame = json.loads(await asyncio.wait_for(socket.recv(), 0.2))
                except asyncio.TimeoutError:
                    continue
                kind = frame["type"]
                if kind == "subscribed":
                    is_subscribed = True
                    await self.proceed(socket)
                elif kind == "message":
                    self.seen.append(frame)
                elif kind == "ack":
                    self.acknowledged[frame["clientId"]] = frame["seq"]
                    if self.pending == frame["clientId"]:
                        self.pending = None
                        await self.proceed(socket)
                elif kind == "gap":
                    self.gaps += 1
                    await asyncio.to_thread(self.fetch)
                    # The connection may tell of them too; the next one begins behind them.
                    raise OSError("gap filled")
                elif kind == "draining":
                    self.drains += 1
                    await asyncio.sleep(frame.get("afterSeconds", 0))
                    raise OSError("elsewhere")
                elif kind == "error" and is_subscribed:
                    if frame["code"] not in ("unavailable", "overloaded", "timeout", "outcome_unknown"):
                        self.faults.append(frame)
                    raise OSError("again")

    def ponged(self, answer):
        if not answer.cancelled() and answer.exception() is None:
            self.pongs += 1

    async def proceed(self, socket):
        if self.pending is None:
            if time.monotonic() > self.end:
                return
            self.number += 1
            self.pending = f"{self.name}-{self.number}"
        text = json.dumps(
            {"type": "send", "roomId": self.room, "clientId": self.pending, "body": f"Grüße {self.pending} 🎬"},
            ensure_ascii=False)
        if self.number % 5 == 0:
            self.fragmented += 1
            third = len(text) // 3
            await socket.send([text[:third], text[third:2 * third], text[2 * third:]])
        else:
            await socket.send(text)

    def fetch(self):
        while True:
            page = get(self.base, self.token, f"/v1/rooms/{self.room}/messages?afterSeq={self.last()}&limit=100")
            self.seen += page["items"]
            if not page["hasMore"]:
                return


def get(base, token, path):
    request = urllib.request.Request(base + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def stored(base, token, room):
    entries = []
    while True:
        after = entries[-1]["seq"] if entries else 0
        page = get(base, token, f"/v1/rooms/{room}/messages?afterSeq={after}&limit=100")
        entries += page["items"]
        if not page["hasMore"]:
            return entries


async def main(base, tokens, room, seconds):
    end = time.monotonic() + seconds
    clients = [Client(base, token, room, f"c{n}", end) for n, token in enumerate(tokens)]
    await asyncio.gather(*(client.run(clients) for client in clients))
    entries = stored(base, tokens[0], room)
    want = [(entry["seq"], entry["id"], entry["clientId"]) for entry in entries]
    findings = [fault for client in clients for fault in client.faults]
    if [seq for seq, _, _ in want] != list(range(1, len(want) + 1)):
        findings.append("the stored numbers have holes")
    if len({client for _, _, client in want}) != len(want):
        findings.append("a message is stored twice")
    numbers = {client: seq for seq, _, client in want}
    for client in clients:
        got = [(entry["seq"], entry["id"], entry["clientId"]) for entry in client.seen]
        if got != want:
            at = next((i for i, pair in enumerate(zip(got, want)) if pair[0] != pair[1]), min(len(got), len(want)))
            findings.append(f"{client.name} saw {len(got)} of {len(want)}, other from {got[at:at + 3]}")
        for name, seq in client.acknowledged.items():
            if numbers.get(name) != seq:
                findings.append(f"{name} was acknowledged as {seq} and is {numbers.get(name)}")
    total = {key: sum(getattr(c, key) for c in clients)
             for key in ("connections", "fragmented", "pongs", "gaps", "drains")}
    print(json.dumps({"messages": len(want), **total, "findings": findings[:10]}))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2].split(","), sys.argv[3], float(sys.argv[4]))))
