import Cluster
import Foundation
import Testing

/// Role `scaler`: worker processes by the depth of the queue.
@Suite struct ScalerTests {
    private static let settings = [
        "scaling.interval=100ms", "scaling.outCooldown=100ms", "scaling.inCooldown=200ms",
        "scaling.calm=500ms", "scaling.backlogPerWorker=1", "scaling.maximum=2",
    ]

    @Test func `workers come with the queue and go with it, and their keeper takes them along`() async throws
    {
        let app = try await RunningApp.start(roles: "api,projector,relay,scheduler")
        defer { app.destroy() }
        let scaler = try ProgramProcess(roles: ["scaler"], namesRoles: true, port: PortChoice.takeOne())
        try scaler.launch(app, app.place.settings + Self.settings)
        defer { scaler.signal(SIGKILL) }
        try await scaler.waitUntilReady()
        #expect(Self.workers(of: scaler).isEmpty)

        let client = try await APIClient.signedUp(app.base)
        let film = try Clips.film(seconds: 4, size: "320x240", rate: 25)
        var videos: [String] = []
        for _ in 0..<4 { videos.append(try await client.upload(film)) }
        var most = 0
        for video in videos {
            while try await client.send("GET", "/v1/videos/\(video)")["state"] as? String == "processing" {
                most = max(most, Self.workers(of: scaler).count)
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(try await client.settled(video)["state"] as? String == "ready")
        }
        #expect((1...2).contains(most), "\(most) workers at once")
        #expect(try await Self.eventually { Self.workers(of: scaler).isEmpty }, "nothing is left to do")

        // A worker that dies amid its job is replaced, and the job done.
        let last = try await client.upload(try Clips.film(seconds: 8, size: "640x360", rate: 25))
        #expect(try await Self.eventually { !Self.workers(of: scaler).isEmpty })
        for worker in Self.workers(of: scaler) { kill(worker, SIGKILL) }
        #expect(try await client.settled(last)["state"] as? String == "ready")

        // A quick one may be gone with its job before a busy test looks; then another job brings another.
        var workers: [pid_t] = []
        for _ in 0..<10 where workers.isEmpty {
            let more = try await client.upload(film)
            #expect(
                try await Self.eventually {
                    workers = Self.workers(of: scaler)
                    let state = try await client.send("GET", "/v1/videos/\(more)")["state"] as? String
                    return !workers.isEmpty || state == "ready"
                })
        }
        try #require(!workers.isEmpty)
        scaler.signal(SIGTERM)
        #expect(await scaler.ended() == 0)
        #expect(workers.allSatisfy { kill($0, 0) != 0 }, "none outlives its keeper")
    }

    private static func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<600 {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    private static func workers(of scaler: ProgramProcess) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int32.init).filter { candidate in
            // It may have ended since it was listed.
            guard let stat = try? String(contentsOfFile: "/proc/\(candidate)/stat", encoding: .utf8),
                let afterName = stat.lastIndex(of: ")")
            else { return false }
            let fields = stat[afterName...].split(separator: " ")
            return fields.count > 2 && fields[2] == "\(scaler.pid)" && fields[1] != "Z"
        }
    }
}
