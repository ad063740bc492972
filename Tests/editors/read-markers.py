"""Reads an edit decision list as editors do and writes its markers as JSON.

Usage: read-markers.py EDL RATE OUTPUT
"""
import json
import sys

import opentimelineio as otio

edl, rate, output = sys.argv[1:]
rate = otio.opentime.RationalTime.nearest_smpte_timecode_rate(float(rate))
timeline = otio.adapters.read_from_file(edl, adapter_name="cmx_3600", rate=rate)
markers = [
    {"name": marker.name, "color": marker.color, "frame": round(marker.marked_range.start_time.value)}
    for track in timeline.tracks
    for clip in track
    if isinstance(clip, otio.schema.Clip)
    for marker in clip.markers
]
with open(output, "w", encoding="utf-8") as file:
    json.dump({"title": timeline.name, "markers": markers}, file)
