import Foundation
import Testing

/// From sign-up to playing, over HTTP, judged by an independent player.
@Suite(.serialized) struct MainJobTests {
    @Test func aTeamUploadsAFilmAndWatchesIt() async throws {
        try await RunningApp.shared { app in
            let client = try await APIClient.signedUp(app.base)
            let video = try await client.upload(try Clips.film(seconds: 10, size: "854x480", rate: 30))
            let answer = try await client.settled(video)
            #expect(answer["state"] as? String == "ready", "\(answer.json)")
            let renditions = try #require(answer["renditions"] as? [[String: Any]])
            #expect(renditions.compactMap { $0["name"] as? String } == ["480p", "360p"])
            let master = app.base.absoluteString + (try answer.text("playback.hls"))
            try Self.judge(master, tracks: ["480p", "360p"], frames: 300, seconds: 10)
            try await Self.checkCaching(APIClient(base: app.base), master)
        }
    }

    /// Each rendition decodes without a complaint, has every frame, lasts as long, and cuts at the same places.
    static func judge(_ master: String, tracks: [String], frames: Int, seconds: Double) throws {
        let prefix = master.replacing("master.m3u8", with: "")
        var cuts: Set<[String]> = []
        for track in tracks {
            let playlist = prefix + track + "/index.m3u8"
            let counted = try Clips.run(
                "ffprobe",
                [
                    "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries",
                    "stream=nb_read_frames",
                    "-of", "csv=p=0", playlist,
                ])
            #expect(counted.contains("\(frames)"), "\(track): \(counted)")
            let length = try Clips.run(
                "ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", playlist])
            let measured = try #require(Double(length.trimmingCharacters(in: .whitespacesAndNewlines)))
            #expect(abs(measured - seconds) <= seconds / Double(frames) + 0.001, "\(track): \(measured) s")
            let text = try Clips.run("curl", ["-sf", playlist])
            #expect(text.hasSuffix("#EXT-X-ENDLIST\n"))
            cuts.insert(text.split(separator: "\n").filter { $0.hasPrefix("#EXTINF") }.map(String.init))
        }
        #expect(cuts.count == 1, "segments are not aligned")
        try Clips.run("ffmpeg", ["-v", "error", "-xerror", "-i", master, "-f", "null", "-"])
    }

    private static func checkCaching(_ client: APIClient, _ master: String) async throws {
        let segment = master.replacing("master.m3u8", with: "360p/0.m4s")
        let whole = try await client.send("GET", segment)
        #expect(whole.status == 200)
        #expect(whole.headers["cache-control"]?.hasPrefix("public, max-age=") == true)
        #expect(whole.headers["cache-control"]?.hasSuffix("immutable") == true)
        #expect(whole.headers["access-control-allow-origin"] == "*")
        let part = try await client.send("GET", segment, headers: ["Range": "bytes=4-11"])
        #expect(part.status == 206)
        #expect(part.data == whole.data.subdata(in: 4..<12))
        #expect(part.headers["content-range"] == "bytes 4-11/\(whole.data.count)")
        let beyond = try await client.send("GET", segment, headers: ["Range": "bytes=99999999-"])
        #expect(beyond.status == 416)
        let tag = try #require(whole.headers["etag"])
        let continued = try await client.send(
            "GET", segment, headers: ["Range": "bytes=4-11", "If-Range": tag])
        #expect(continued.status == 206 && continued.data == part.data)
        let begun = try await client.send(
            "GET", segment, headers: ["Range": "bytes=4-11", "If-Range": "\"another\""])
        #expect(begun.status == 200 && begun.data == whole.data)
        #expect(try await client.send("GET", segment, headers: ["If-None-Match": tag]).status == 304)
        let forged = segment.replacing("/v1/playback/A", with: "/v1/playback/B")
        #expect(try await client.send("GET", forged).status == 403)
    }

    /// Set by `scripts/test`; without it the generated films stand alone, and the script says so.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["CLOUDSTREAM_FILM"] != nil))
    func aRealFilmPlays() async throws {
        let path = try #require(ProcessInfo.processInfo.environment["CLOUDSTREAM_FILM"])
        try await RunningApp.with { app in
            let client = try await APIClient.signedUp(app.base)
            let video = try await client.upload(try Data(contentsOf: URL(filePath: path)))
            let answer = try await client.settled(video)
            #expect(answer["state"] as? String == "ready", "\(answer.json)")
            // 5.28 s at 25 frames a second.
            let master = app.base.absoluteString + (try answer.text("playback.hls"))
            try Self.judge(master, tracks: ["720p", "480p", "360p"], frames: 132, seconds: 5.28)
        }
    }

    @Test func progressIsToldAsItHappens() async throws {
        try await RunningApp.with { app in
            let client = try await APIClient.signedUp(app.base)
            let film = try Clips.film(seconds: 20, size: "640x360", rate: 30)
            let announced = try await client.announce(film)
            let video = try announced.text("video.id")
            let stream = try await EventLines.open(client, "/v1/videos/\(video)/events")
            var events: [[String: Any]] = []
            while let line = try await stream.next(within: .seconds(120)) {
                guard line.hasPrefix("data: ") else { continue }
                events.append(
                    try JSONSerialization.jsonObject(with: Data(line.dropFirst(6).utf8)) as? [String: Any]
                        ?? [:])
                guard events.count == 1 else { continue }
                #expect(events.first?["state"] as? String == "awaiting_upload")
                _ = try await client.finish(upload: announced.text("upload.id"), film)
            }
            #expect(events.last?["state"] as? String == "ready")
            let progress = events.compactMap { $0["progress"] as? Double }
            #expect(progress == progress.sorted() && progress.last == 1)
            #expect(Set(progress).count >= 10, "\(progress)")
            // One of five columns of segments: the telling is true to within a twentieth. Looks may lie wide apart.
            let first = try #require(events.firstIndex { $0["playback"] != nil })
            let playable = try #require(events[first]["progress"] as? Double)
            let before = events[..<first].compactMap { $0["progress"] as? Double }.max() ?? 0
            #expect(playable >= 0.15 && before <= 0.25, "playable at \(playable), not yet at \(before)")
        }
    }

    @Test func completingTwiceAndRepeatingWithAKeyAreHarmless() async throws {
        try await RunningApp.shared { app in
            let client = try await APIClient.signedUp(app.base)
            let film = try Clips.film()
            let body: [String: Any] = [
                "title": "Once", "filename": "a.mp4", "bytes": film.count, "contentType": "video/mp4",
            ]
            let key = ["Idempotency-Key": "announce-1"]
            let first = try await client.send("POST", "/v1/videos", body, headers: key)
            let again = try await client.send("POST", "/v1/videos", body, headers: key)
            #expect(first.status == 201 && first.data == again.data)
            let other = try await client.send(
                "POST", "/v1/videos", body.merging(["title": "Other"]) { $1 }, headers: key)
            #expect(other.status == 409 && other.code == "idempotency_key_reused")
            let none = try await client.send("GET", "/v1/videos")
            #expect((none["items"] as? [Any])?.isEmpty == true, "no video before its bytes")
            let upload = try first.text("upload.id")
            #expect(try await client.finish(upload: upload, film).status == 202)
            #expect(try await client.finish(upload: upload, film).status == 202)
            _ = try await client.settled(first.text("video.id"))
            let list = try await client.send("GET", "/v1/videos")
            #expect((list["items"] as? [Any])?.count == 1)
        }
    }

    @Test func deletingDuringProcessingStopsItAndLeavesNothing() async throws {
        try await RunningApp.with { app in
            let client = try await APIClient.signedUp(app.base)
            let video = try await client.upload(try Clips.film(seconds: 30, size: "1280x720", rate: 30))
            // The source at least is there, or an empty list at the end would say nothing.
            #expect(try await !app.objectKeys().isEmpty)
            while app.workers.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            try await Task.sleep(for: .milliseconds(1500))
            #expect(try await client.send("DELETE", "/v1/videos/\(video)").status == 204)
            #expect(try await client.send("GET", "/v1/videos/\(video)").status == 404)
            for _ in 0..<300 {
                let left = try await app.objectKeys()
                if app.workers.isEmpty, left.isEmpty { break }
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(app.workers.isEmpty)
            let left = try await app.objectKeys()
            #expect(left.isEmpty, "\(left)")
        }
    }
}
