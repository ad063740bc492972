import Foundation
import Testing

/// SIGKILL at seeded moments of the main job: what was acknowledged stays, once, and every video comes to an end.
@Suite(.serialized) struct CrashTests {
    /// Moments after the announcement, in milliseconds; drawn once, so that a failure can be repeated.
    private static let serverMoments = some(of: [0, 15, 40, 70, 110, 160, 220, 300, 450, 700])
    private static let workerMoments = some(of: [0, 60, 130, 210, 320, 450, 600, 800, 1100, 1500])

    /// Half of them where each start is that of many processes.
    private static func some(of moments: [Int]) -> [Int] {
        guard TestStage.current.hasGateway else { return moments }
        return moments.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    }

    /// Short leases, so that a killed process's work is taken up soon.
    private static let settings = [
        "jobs.table.lease=3s", "jobs.table.heartbeat=1s", "jobs.table.firstDelay=50ms",
        "jobs.table.maximumDelay=200ms",
        // Each kill may end an attempt, on a slow machine before anything of it was kept.
        "jobs.table.maximumAttempts=100",
        "events.inProcess.lease=2s",
    ]

    @Test func aServerKilledAtAnyMomentLosesNothingAndDoublesNothing() async throws {
        let film = try Clips.film(seconds: 6, size: "480x360", rate: 25)
        try await RunningApp.with(Self.settings) { app in
            let client = try await APIClient.signedUp(app.base)
            var acknowledged: Set<String> = []
            for moment in Self.serverMoments {
                let killing = Task {
                    try await Task.sleep(for: .milliseconds(moment))
                    app.kill()
                }
                let title = "killed after \(moment) ms"
                var announced: APIClient.Answer?
                // The connection breaks when the server dies; what had been answered counts.
                announced = try? await client.announce(film, title: title)
                if let upload = try? announced?.text("upload.id") {
                    if let done = try? await client.finish(upload: upload, film), done.status == 202 {
                        acknowledged.insert(try done.text("id"))
                    }
                }
                try await killing.value
                try await app.launch()
                if let announced, announced.status == 201 {
                    let again = try await client.finish(upload: announced.text("upload.id"), film)
                    #expect(again.status == 202, "\(title): \(again.json)")
                    acknowledged.insert(try announced.text("video.id"))
                }
            }
            try await Self.expectAllReady(acknowledged, client, frames: 150)
        }
    }

    @Test func aWorkerKilledAtAnyMomentIsResumedToTheSameFilm() async throws {
        let film = try Clips.film(seconds: 10, size: "640x360", rate: 25)
        try await RunningApp.with(Self.settings) { app in
            let client = try await APIClient.signedUp(app.base)
            var videos: Set<String> = []
            for moment in Self.workerMoments {
                let video = try await client.upload(film, title: "worker killed after \(moment) ms")
                videos.insert(video)
                try await Task.sleep(for: .milliseconds(moment))
                for _ in 0..<100 where app.workers.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
                for worker in app.workers { kill(worker, SIGKILL) }
                #expect(try await client.settled(video)["state"] as? String == "ready")
            }
            try await Self.expectAllReady(videos, client, frames: 250)
        }
    }

    /// Exactly these videos, each once, each whole.
    private static func expectAllReady(_ videos: Set<String>, _ client: APIClient, frames: Int) async throws {
        for video in videos {
            let answer = try await client.settled(video)
            #expect(answer["state"] as? String == "ready", "\(answer.json)")
            let playlist =
                client.base.absoluteString
                + (try answer.text("playback.hls").replacing("master.m3u8", with: "360p/index.m3u8"))
            let counted = try Clips.run(
                "ffprobe",
                [
                    "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries",
                    "stream=nb_read_frames",
                    "-of", "csv=p=0", playlist,
                ])
            #expect(counted.contains("\(frames)"), "\(video): \(counted)")
        }
        let list = try await client.send("GET", "/v1/videos?limit=100")
        let listed = (list["items"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
        #expect(Set(listed) == videos && listed.count == videos.count)
    }
}
