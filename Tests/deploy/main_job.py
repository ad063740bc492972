"""The main job over HTTP: a team signs up, uploads a film, and watches the first segment.

Usage: main_job.py URL [SECONDS]. Needs ffmpeg to make the film; uses nothing else but the standard library.
"""

import json
import subprocess
import sys
import time
import urllib.request
import uuid
from urllib.parse import urljoin

url = sys.argv[1].rstrip("/")
patience = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0


def call(method, target, body=None, headers=None):
    """Answer's head and bytes; an answer of 400 or more is an exception."""
    request = urllib.request.Request(urljoin(url + "/", target), body, headers or {}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers, answer.read()


def ask(method, path, body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return json.loads(call(method, path, None if body is None else json.dumps(body).encode(), headers)[1])


film = subprocess.run(
    ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=12:duration=2", "-f", "lavfi", "-i",
     "sine=duration=2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac",
     "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "pipe:1"],
    check=True, stdout=subprocess.PIPE).stdout

owner = {"email": f"{uuid.uuid4().hex}@example.com", "name": "Ada", "password": uuid.uuid4().hex}
entry = ask("POST", "/v1/tenants", {"name": "Smoke", "owner": owner})
token = entry["session"]["accessToken"]
announced = ask("POST", "/v1/videos", {
    "title": "Test picture", "filename": "test.mp4", "bytes": len(film), "contentType": "video/mp4"}, token)
video, upload = announced["video"], announced["upload"]
parts = []
for part in upload["parts"]:
    first = (part["number"] - 1) * upload["partBytes"]
    head, _ = call("PUT", part["url"], film[first:first + upload["partBytes"]], part["headers"])
    parts.append({"number": part["number"], "etag": head["ETag"].strip('"')})
ask("POST", f"/v1/uploads/{upload['id']}/complete", {"parts": parts}, token)

deadline = time.monotonic() + patience
while video["state"] != "ready":
    if time.monotonic() > deadline or video["state"] == "failed":
        sys.exit(f"the video is {video['state']}: {video.get('failure')}")
    time.sleep(0.2)
    video = ask("GET", f"/v1/videos/{video['id']}", token=token)


def lines(path):
    return [line for line in call("GET", path)[1].decode().splitlines() if line and not line.startswith("#")]


playlist = urljoin(url + "/", video["playback"]["hls"])
variant = urljoin(playlist, lines(playlist)[0])
segment = urljoin(variant, lines(variant)[0])
_, content = call("GET", segment)
print(f"   main job: {len(film)} bytes up, ready, first segment {len(content)} bytes")
