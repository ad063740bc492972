"""Many clients of one room, by a WebSocket library that is not ours; says what they sent, got and missed.

Usage: talk.py BASE TOKEN[,TOKEN...] ROOM FILE. They talk until FILE is there, and at most ten minutes. Prints one JSON object; ends with 1 if anything is not as it must be.
Each client sends the next message when the one before was acknowledged, now and then in fragments, pings, drops its
connection without a word, and comes back behind the last number that it has.
"""
import asyncio
import json
import os
import random
import sys
import time
import urllib.request

import websockets


class Talk:
    """Until when there is something to say, and until when to wait for the rest."""

    def __init__(self, file):
        self.file = file
        self.end = time.monotonic() + 600

    @property
    def is_over(self):
        if time.monotonic() < self.end and os.path.exists(self.file):
            self.end = time.monotonic()
        return time.monotonic() >= self.end

    @property
    def patience(self):
        return self.end + 120 - time.monotonic()


class Client:
    def __init__(self, base, token, room, name, everything):
        self.base, self.token, self.room, self.name, self.everything = base, token, room, name, everything
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
        return self.everything.is_over and self.pending is None

    async def run(self, everybody):
        """Until all are done and this one has seen all that was acknowledged to anybody."""
        while self.everything.patience > 0:
            try:
                await self.talk(everybody)
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
            while self.everything.patience > 0:
                top = max((seq for c in everybody for seq in c.acknowledged.values()), default=0)
                if all(c.is_done for c in everybody) and self.last() >= top:
                    return
                if time.monotonic() > drop and not self.everything.is_over:
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
                    if frame["code"] not in ("unavailable", "overloaded", "timeout", "outcome_unknown", "cancelled"):
                        self.faults.append(frame)
                    raise OSError("again")
            raise OSError("no end")

    def ponged(self, answer):
        if not answer.cancelled() and answer.exception() is None:
            self.pongs += 1

    async def proceed(self, socket):
        if self.pending is None:
            if self.everything.is_over:
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


async def main(base, tokens, room, file):
    talk = Talk(file)
    clients = [Client(base, token, room, f"c{n}", talk) for n, token in enumerate(tokens)]
    await asyncio.gather(*(client.run(clients) for client in clients))
    entries = stored(base, tokens[0], room)
    top = max((seq for client in clients for seq in client.acknowledged.values()), default=0)
    # What the first client knows does not cover what others said last: a replica may show less, for a while.
    while (not entries or entries[-1]["seq"] < top) and talk.patience > 0:
        await asyncio.sleep(0.2)
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
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2].split(","), sys.argv[3], sys.argv[4])))
