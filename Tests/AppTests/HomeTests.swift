import Foundation
import Kernel
import Synchronization
import Testing

@testable import App

/// What a person sees first, whole or in part.
@Suite(.serialized) struct HomeTests {
    @Test func `home is all of what the caller may see, in one answer`() async throws {
        try await RunningApp.with(["feed.homeDeadline=10s"]) { app in
            let (ann, other) = (
                try await APIClient.signedUp(app.base), try await APIClient.signedUp(app.base)
            )
            let video = try await ann.upload(Data(repeating: 1, count: 1_000), title: "Film")
            _ = try await ann.settled(video)
            let room = try await ann.send("POST", "/v1/rooms", ["kind": "team", "title": "Lobby"])
            _ = try await ann.invited("ben").say("hello", in: room.text("id"))
            let end = ContinuousClock.now + .seconds(30)
            var home = try await ann.send("GET", "/v1/home")
            while ContinuousClock.now < end, home["unread.notifications"] as? Int != 1 {
                try await Task.sleep(for: .milliseconds(50))
                home = try await ann.send("GET", "/v1/home")
            }
            #expect(home.status == 200 && (home["failed"] as? [String]) == [], "\(home.json)")
            #expect(try home.text("me.user.name") == "Ann")
            #expect(home["unread.notifications"] as? Int == 1 && home["unread.messages"] as? Int == 1)
            let videos = try #require(home["videos.items"] as? [[String: Any]])
            #expect(videos.map { $0["id"] as? String } == [video])
            let rooms = try #require(home["rooms.items"] as? [[String: Any]])
            #expect(rooms.contains { $0["title"] as? String == "Lobby" })
            #expect((home["feed.items"] as? [Any])?.isEmpty == false)
            let theirs = try await other.send("GET", "/v1/home")
            #expect((theirs["videos.items"] as? [Any])?.isEmpty == true)
            #expect(theirs["unread.notifications"] as? Int == 0)
            #expect(try await APIClient(base: app.base).send("GET", "/v1/home").status == 401)
        }
    }

    @Test func `parts that fail or are late are named, and keep nobody waiting`() async throws {
        let reasons = Mutex<[String: String]>([:])
        let gathering = Gathering(deadline: .seconds(10)) { part, error in
            reasons.withLock { $0[part] = Failure.wrapping(error).code }
        }
        let gate = Wakeup()
        let closed = gate.generation
        async let good = gathering.part("good") { 7 }
        async let dead = gathering.part("dead") { () throws -> Int in throw Failure.unavailable("The store") }
        async let slow = gathering.part("slow") {
            try await Task.sleep(for: .seconds(60))
            return 1
        }
        // What it hangs on does not heed that nobody waits, and ends only when all else is over.
        async let deaf = gathering.part("deaf") {
            await Task.detached { await gate.wait(after: closed, atMost: .seconds(60)) }.value
            return 1
        }
        let parts = await (good, dead, slow, deaf)
        gate.notify()
        #expect(parts == (7, nil, nil, nil))
        #expect(await gathering.missing == ["dead", "deaf", "slow"])
        let told = ["dead": "unavailable", "deaf": "timeout", "slow": "timeout"]
        #expect(reasons.withLock { $0 } == told)
    }
}
