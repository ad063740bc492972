import Foundation
import InProcess
import Kernel
import Relational
import Synchronization
import TestProcess
import Testing

/// The program as a process: starting, draining, several at once, wrong usage.
@Suite(.serialized) struct ProcessTests {
    @Test func sigtermCutsNoRequestAndEndsWithZero() async throws {
        let app = try await RunningApp.start()
        defer { app.destroy() }
        let client = try await APIClient.signedUp(app.base)
        // Each costs a password hash, so that they are under way when the signal comes.
        let answered = Tally()
        let answers = try await withThrowingTaskGroup(of: Int?.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let body: [String: Any] = [
                        "name": "T\(number)",
                        "owner": ["email": "t\(number)@example.com", "name": "T", "password": "password1"],
                    ]
                    let status = try? await client.send("POST", "/v1/tenants", body).status
                    answered.add()
                    return status
                }
            }
            // Once all have been taken up, and before all are answered.
            for _ in 0..<200 {
                let before = answered.count
                var taken = 0.0
                for process in app.processes where process.roles.contains("api") {
                    taken += try await ChatTests.metric("http_requests_in_flight", of: process)
                }
                if before + Int(taken) >= 8 { break }
            }
            app.signal(SIGTERM)
            var statuses: [Int?] = []
            for try await status in group { statuses.append(status) }
            return statuses
        }
        #expect(answers.allSatisfy { $0 == 201 }, "\(answers)")
        #expect(app.waitForExit() == 0)
    }

    @Test func rolesCanBeSpreadOverProcessesOnTheSameFiles() async throws {
        let api = try await RunningApp.start(roles: "api")
        defer { api.destroy() }
        let rest = try await RunningApp([], roles: "worker,projector,relay,scheduler", sharing: api)
        try await rest.launch()
        defer { rest.kill() }
        let client = try await APIClient.signedUp(api.base)
        let video = try await client.upload(try Clips.film())
        #expect(try await client.settled(video)["state"] as? String == "ready")
        #expect(api.workers.isEmpty)
    }

    @Test func logsAreJSONAndHoldNoSecrets() async throws {
        try await RunningApp.with { app in
            let client = try await APIClient.signedUp(app.base)
            let video = try await client.upload(try Clips.film())
            let answer = try await client.settled(video)
            let signed = try answer.text("playback.hls")
            _ = try await APIClient(base: app.base).send("GET", signed)
            let log = try app.log()
            for line in log.split(separator: "\n") {
                #expect(
                    (try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any], "\(line)")
            }
            #expect(!log.contains(APIClient.password))
            #expect(!log.contains(try #require(client.token)))
            #expect(!log.contains(String(signed.split(separator: "/")[2])))
            #expect(
                log.contains("\"requestId\"") && log.contains("\"tenant\"") && log.contains("\"traceId\""))
        }
    }

    @Test func wrongUsageEndsWithTwoAndSaysWhatIsWrong() async throws {
        func run(_ arguments: [String]) async throws -> (Int32, String) {
            let (end, output) = try await ChildProcess.run(
                RunningApp.executable.path(percentEncoded: false), arguments,
                folder: RunningApp.repository.path(percentEncoded: false))
            return (end.status, output)
        }
        let typo = try await run(["check", "seed", "--set", "http.prot=8080"])
        #expect(typo.0 == 2 && typo.1.contains("http.port"), "\(typo)")
        let name = try await run(["--profile", "sed"])
        #expect(name.0 == 2 && name.1.contains("seed"), "\(name)")
        #expect(try await run(["--role", "apy"]).0 == 2)
        #expect(try await run(["--nonsense"]).0 == 2)
        #expect(try await run(["check", "seed"]).0 == 0)
        let explained = try await run(["explain", "seed"])
        #expect(explained.0 == 0 && explained.1.contains("SQLDriver"))
        let printed = try await run(["--profile", "seed", "--print-config"])
        #expect(printed.0 == 0 && printed.1.contains("(redacted)"))
    }

    @Test func deadLettersAreListedShownAndReplayed() async throws {
        let app = try await RunningApp.start()
        defer { app.destroy() }
        #expect(app.stop() == 0)
        let driver = try app.driver()
        let event = Event(
            type: "video.renamed", version: 1, tenant: TenantID(), key: "k",
            data: Array(#"{"video":"01a1fd7f-8f99-7000-a204-3c8a732e8036","title":"t"}"#.utf8))
        let letter = DeadLetter(
            group: "videos", event: event, reason: "it did not fit", attempts: 8, failedAt: .now())
        try await TableDeadLetters(database: Database(driver: driver)).bury(letter)
        await driver.close()
        let list = try await app.command("dead-letters", "list")
        #expect(
            list.0 == 0 && list.1.contains("\(letter.id)") && list.1.contains("it did not fit"), "\(list)")
        let shown = try await app.command("dead-letters", "show", "\(letter.id)")
        #expect(shown.1.contains(#""specversion":"1.0""#) && shown.1.contains("video.renamed"), "\(shown)")
        #expect(try await app.command("dead-letters", "show", "\(UUIDv7())").0 == 1)
        #expect(try await app.command("dead-letters", "replay", "nonsense").0 == 2)
        #expect(try await app.command("dead-letters", "replay", "all").0 == 0)
        try await app.launch()
        for _ in 0..<100 {
            guard try await app.command("dead-letters", "list").1.contains("\(letter.id)") else { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(
            try await !app.command("dead-letters", "list").1.contains("\(letter.id)"),
            "the running group took it")
    }

    @Test func aSecondStartFindsEverythingAsItWas() async throws {
        let app = try await RunningApp.start()
        defer { app.destroy() }
        let client = try await APIClient.signedUp(app.base)
        let video = try await client.upload(try Clips.film())
        _ = try await client.settled(video)
        #expect(app.stop() == 0)
        try await app.launch()
        let again = try await client.send("GET", "/v1/videos/\(video)")
        #expect(again["state"] as? String == "ready", "the token still holds, the video is there")
    }

    @Test func abandonedUploadsAreCleanedUp() async throws {
        try await RunningApp.with([
            "uploads.lifetime=2s", "uploads.partURLLifetime=2s", "scheduler.expireUploads=1s",
        ]) { app in
            let client = try await APIClient.signedUp(app.base)
            let announced = try await client.announce(try Clips.film())
            let upload = try announced.text("upload.id")
            var gone = false
            for _ in 0..<100 where !gone {
                try await Task.sleep(for: .milliseconds(100))
                gone = try await client.send("GET", "/v1/uploads/\(upload)").status == 404
            }
            #expect(gone)
            let late = try await client.send("POST", "/v1/uploads/\(upload)/complete", ["parts": [Any]()])
            #expect(late.status == 404)
        }
    }
}

/// How many of several tasks have come so far.
private final class Tally: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }
    func add() { value.withLock { $0 += 1 } }
}
