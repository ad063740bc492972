import Foundation
import Testing

/// Files that are no videos, or lie about themselves, end as `failed` with a reason; nothing is ever followed.
@Suite(.serialized) struct HostileFileTests {
    @Test func badFilesEndAsFailedWithAStableCode() async throws {
        let film = try Clips.film(seconds: 4)
        var random = [UInt8](repeating: 0, count: 300_000)
        for index in random.indices { random[index] = UInt8.random(in: .min ... .max) }
        let cases: [(name: String, data: Data, codes: Set<String>)] = [
            ("text.mp4", Data("this is no film\n".utf8), ["not_a_video"]),
            ("random.mp4", Data(random), ["not_a_video"]),
            ("page.mp4", Data("<html><body>no</body></html>".utf8), ["not_a_video"]),
            ("cut10.mp4", film.prefix(film.count / 10), ["not_a_video", "corrupt"]),
            ("cut50.mp4", film.prefix(film.count / 2), ["not_a_video", "corrupt"]),
            ("cut90.mp4", film.prefix(film.count * 9 / 10), ["not_a_video", "corrupt"]),
            ("list.mp4", Data("#EXTM3U\n#EXTINF:4,\n/etc/passwd\n#EXT-X-ENDLIST\n".utf8), ["not_a_video"]),
            (
                "list.m3u8", Data("#EXTM3U\n#EXTINF:4,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n".utf8),
                ["not_a_video"]
            ),
            ("tone.mp4", try Self.tone(), ["no_video_stream"]),
        ]
        try await RunningApp.with { app in
            let client = try await APIClient.signedUp(app.base)
            for bad in cases {
                let video = try await client.upload(bad.data, title: bad.name, filename: bad.name)
                let answer = try await client.settled(video)
                #expect(answer["state"] as? String == "failed", "\(bad.name): \(answer.json)")
                let code = answer["failure.code"] as? String ?? "none"
                #expect(bad.codes.contains(code), "\(bad.name): \(code)")
                let detail = answer["failure.detail"] as? String ?? ""
                #expect(detail.hasSuffix(".") && detail.contains(" "), "a sentence: \(detail)")
            }
            // A wrong name on a right film is no reason to refuse it.
            let fine = try await client.upload(film, filename: "notes.txt")
            #expect(try await client.settled(fine)["state"] as? String == "ready")
        }
    }

    private static func tone() throws -> Data {
        let file = FileManager.default.temporaryDirectory.appending(path: "tone-\(UUID().uuidString).mp4")
        defer { try? FileManager.default.removeItem(at: file) }  // In the temporary folder it harms nobody.
        try Clips.run(
            "ffmpeg",
            [
                "-v", "error", "-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac",
                file.path(percentEncoded: false),
            ])
        return try Data(contentsOf: file)
    }

    @Test func aDamagedTransferIsFoundByItsChecksum() async throws {
        let film = try Clips.film()
        try await RunningApp.with { app in
            let client = try await APIClient.signedUp(app.base)
            let wrong = String(repeating: "0", count: 64)
            let announced = try await client.announce(film, more: ["sha256": wrong])
            _ = try await client.finish(upload: announced.text("upload.id"), film)
            let answer = try await client.settled(announced.text("video.id"))
            #expect(answer["failure.code"] as? String == "checksum_mismatch")
        }
    }

    @Test func quotasAreCheckedBeforeAByteIsSent() async throws {
        try await RunningApp.with([
            "uploads.maximumBytes=5MiB", "uploads.tenantBytes=10MiB", "uploads.partBytes=5MiB",
        ]) { app in
            let client = try await APIClient.signedUp(app.base)
            func announce(_ bytes: Int) async throws -> APIClient.Answer {
                try await client.send(
                    "POST", "/v1/videos",
                    ["title": "t", "filename": "f", "bytes": bytes, "contentType": "video/mp4"])
            }
            let large = try await announce(6 << 20)
            #expect(large.status == 413 && large.code == "too_large")
            #expect(try await announce(0).status == 400)
            #expect(try await announce(5 << 20).status == 201)
            #expect(try await announce(5 << 20).status == 201)
            let full = try await announce(1)
            #expect(full.status == 403 && full.code == "quota_exceeded")
        }
    }

    /// 2 GB through the server: its memory must not follow.
    @Test func aLargeUploadCostsTheServerNoMemory() async throws {
        try await RunningApp.with(["objects.files.minimumFreeBytes=64MiB"]) { app in
            let client = try await APIClient.signedUp(app.base)
            let (parts, partBytes) = (64, 32 << 20)
            let bytes = parts * partBytes
            let announced = try await client.send(
                "POST", "/v1/videos",
                ["title": "big", "filename": "big.mp4", "bytes": bytes, "contentType": "video/mp4"])
            let upload = try announced.text("upload.id")
            let size = try #require(announced["upload.partBytes"] as? Int)
            let file = app.folder.appending(path: "part").path(percentEncoded: false)
            try Clips.run("truncate", ["-s", "\(size)", file])
            let count = (bytes + size - 1) / size
            var numbers = Array(1...count)[...]
            // A first part warms up what every connection needs.
            var before = 0
            var peak = 0
            while !numbers.isEmpty {
                let some = Array(numbers.prefix(50))
                numbers = numbers.dropFirst(50)
                let offers = try await client.send("POST", "/v1/uploads/\(upload)/parts", ["numbers": some])
                for offer in offers["parts"] as? [[String: Any]] ?? [] {
                    let offered = try #require(offer["url"] as? String)
                    let url = try #require(URL(string: offered, relativeTo: app.base)).absoluteString
                    let headers = (offer["headers"] as? [String: String] ?? [:])
                        .filter { $0.key.lowercased() != "content-length" }
                        .flatMap { ["-H", "\($0.key): \($0.value)"] }
                    let status = try Clips.run(
                        "curl",
                        [
                            "-s", "-o", "/dev/null", "-w", "%{http_code}", "-T", file, "-H", "Expect:",
                        ] + headers + [url])
                    #expect(status == "200")
                    if before == 0 { before = try app.residentBytes }
                    peak = max(peak, try app.residentBytes)
                }
            }
            #expect(peak - before < 20 << 20, "grew by \((peak - before) >> 20) MiB")
        }
    }
}
