import Foundation
import Kernel
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import S3Objects

/// A store that fails, is slow, or talks nonsense.
@Suite struct FaultTests {
    private static let object = [("ETag", "\"e\""), ("Content-Type", "text/plain")]

    private static func error(_ code: String) -> String { "<Error><Code>\(code)</Code></Error>" }

    @Test(arguments: [
        (500, "InternalError"), (503, "SlowDown"), (503, ""), (502, ""), (400, "RequestTimeout"),
    ])
    func `what fails for the moment is tried again`(_ status: Int, _ code: String) async throws {
        try await ScriptedServer.run { _, number in
            number < 3
                ? .reply(status, [], code.isEmpty ? "" : Self.error(code)) : .reply(200, Self.object, "bytes")
        } test: { store, server async throws in
            #expect(try await store.text("k") == "bytes")
            #expect(server.asked.count == 3)
        }
    }

    @Test func `a store that stays busy or broken is told so, in bounded tries`() async throws {
        try await ScriptedServer.run { asked, _ in
            asked.key == "busy" ? .reply(503, [], Self.error("SlowDown")) : .reply(500)
        } test: { store, server async throws in
            let busy = await failure { _ = try await store.text("busy") }
            #expect(busy?.kind == .overloaded)
            #expect(busy?.retryAfter != nil)
            #expect(await failure { _ = try await store.stat("broken") }?.kind == .unavailable)
            #expect(server.asked.count == 6)
        }
    }

    @Test(arguments: [
        ("AccessDenied", "check credentials"), ("SignatureDoesNotMatch", "check credentials"),
        ("RequestTimeTooSkewed", "clock"),
    ])
    func `what no repetition mends is said at once`(_ code: String, _ advice: String) async throws {
        try await ScriptedServer.run { _, _ in
            .reply(403, [], Self.error(code))
        } test: { store, server async throws in
            let refusal = await failure { _ = try await store.text("k") }
            #expect(refusal?.kind == .internal)
            #expect(refusal?.detail.contains("S3") == false)
            #expect(refusal.reason.contains(advice))
            #expect(server.asked.count == 1)
        }
    }

    @Test func `silence ends at the deadline`() async throws {
        try await ScriptedServer.adjusted({ $0.requestDeadline = .milliseconds(500) }).run { _, _ in
            .silence
        } test: { store, _ async throws in
            let clock = ContinuousClock()
            let time = await clock.measure {
                let kind = await failure { _ = try await store.stat("k") }?.kind
                #expect(kind == .timeout)
            }
            #expect(time < .seconds(8))
        }
    }

    @Test func `a server that is not there is unavailable`() async throws {
        try await ScriptedServer.adjusted({ $0.endpoint = "http://127.0.0.1:1" }).run { _, _ in
            .silence
        } test: { store, server async throws in
            #expect(await failure { _ = try await store.stat("k") }?.kind == .unavailable)
            #expect(await failure { try await store.check() }?.kind == .unavailable)
            #expect(server.asked.isEmpty)
        }
    }

    @Test func `hanging up is tried again`() async throws {
        try await ScriptedServer.run { _, number in
            number < 3 ? .hangUp : .reply(200, Self.object, "bytes")
        } test: { store, _ async throws in
            #expect(try await store.text("k") == "bytes")
        }
    }

    @Test(arguments: [true, false])
    func `a body that breaks off or stands still goes on where it was`(_ closes: Bool) async throws {
        try await ScriptedServer.adjusted({ $0.requestDeadline = closes ? .seconds(60) : .seconds(5) }).run {
            asked, number in
            guard number > 1 else { return .part(Self.object, "0123", length: 10, closes: closes) }
            let range = ("Content-Range", "bytes 4-9/10")
            return .reply(
                asked.headers["Range"] == ["bytes=4-9"] ? 206 : 400, Self.object + [range], "456789")
        } test: { store, server async throws in
            #expect(try await store.text("k") == "0123456789")
            #expect(server.asked.count == 2)
        }
    }

    @Test func `a body is never a mixture of two objects`() async throws {
        try await ScriptedServer.run { _, number in
            guard number > 1 else { return .part(Self.object, "0123", length: 10, closes: true) }
            return .reply(206, [("ETag", "other"), ("Content-Range", "bytes 4-9/10")], "ABCDEF")
        } test: { store, _ async throws in
            #expect(await failure { _ = try await store.text("k") }?.kind == .unavailable)
        }
    }

    @Test func `a body that always breaks off ends as unavailable`() async throws {
        try await ScriptedServer.run { _, number in
            .part(
                Self.object + (number > 1 ? [("Content-Range", "bytes 0-9/10")] : []), "", length: 10,
                closes: true)
        } test: { store, server async throws in
            #expect(await failure { _ = try await store.text("k") }?.kind == .unavailable)
            #expect(server.asked.count < 12)
        }
    }

    @Test func `a whole object in answer to a range is cut`() async throws {
        try await ScriptedServer.run { _, _ in
            .reply(200, Self.object, "0123456789")
        } test: { store, _ async throws in
            #expect(try await store.text("k", .span(3, 5)) == "345")
            #expect(try await store.text("k", .last(2)) == "89")
            #expect(try await store.text("k", .from(9)) == "9")
            #expect(await failure { _ = try await store.text("k", .from(10)) }?.code == "invalid_range")
        }
    }

    @Test(arguments: ["", "<html>", "{}", "<ListBucketResult>", "<Other></Other>"])
    func `answers that are none of S3's are unavailable`(_ text: String) async throws {
        try await ScriptedServer.run { _, _ in
            .reply(200, [], text)
        } test: { store, _ async throws in
            #expect(
                await failure { _ = try await store.list(prefix: "", after: nil, limit: 5) }?.kind
                    == .unavailable)
            #expect(await failure { _ = try await store.stat("k") }?.kind == .unavailable)
            let upload = MultipartUpload(key: "k", id: "u", bytes: 5, partBytes: 5, contentType: "a/b")
            #expect(await failure { _ = try await store.begin(upload) }?.kind == .unavailable)
            #expect(await failure { _ = try await store.put("k", "v") }?.kind == .unavailable)
        }
    }

    @Test func `a list that stands still ends`() async throws {
        let page =
            "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a</Key></Contents></ListBucketResult>"
        try await ScriptedServer.run { _, _ in
            .reply(200, [], page)
        } test: { store, server async throws in
            #expect(try await store.list(prefix: "", after: nil, limit: 5) == ["a"])
            #expect(server.asked.count == 2)
        }
    }

    @Test func `what is written is checked, and sent again whole`() async throws {
        try await ScriptedServer.run { _, number in
            number == 1 ? .hangUp : .reply(200, [("ETag", "e"), ("Date", "Fri, 02 Jan 2026 03:04:05 GMT")])
        } test: { store, server async throws in
            let stat = try await store.put("k", "abc")
            #expect(stat.modified.description == "2026-01-02T03:04:05.000Z")
            for asked in server.asked {
                #expect(asked.text == "abc")
                #expect(asked.headers["Content-MD5"] == ["kAFQmDzST7DWlj99KOF/cg=="])
                #expect(
                    asked.headers["x-amz-content-sha256"]
                        == ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"])
            }
            #expect(server.asked.count == 2)
        }
    }

    @Test func `more at once than is allowed is overloaded`() async throws {
        try await ScriptedServer.adjusted({
            $0.maximumRequests = 2
            $0.attempts = 1
        }).run { _, _ in
            .reply(200, Self.object, "bytes")
        } test: { store, _ async throws in
            let first = try await store.get("a", range: nil)
            let second = try await store.get("b", range: nil)
            #expect(await failure { _ = try await store.get("c", range: nil) }?.kind == .overloaded)
            withExtendedLifetime((first, second)) {}
        }
    }

    @Test func `a cancelled call ends`() async throws {
        try await ScriptedServer.run { _, _ in
            .silence
        } test: { store, server async throws in
            let task = Task { try await store.stat("k") }
            while server.asked.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            #expect(await failure { _ = try await task.value }?.kind == .cancelled)
        }
    }

    @Test func `a damaged download leaves no file`() async throws {
        let headers = [("ETag", "900150983cd24fb0d6963f7d28e17f72")]
        try await ScriptedServer.run { asked, _ in
            let range = asked.headers.contains(name: "Range") ? [("Content-Range", "bytes 0-2/3")] : []
            let text = asked.key == "sound" ? "abc" : "abd"
            return .reply(
                200, headers + range + (asked.method == "HEAD" ? [("Content-Length", "3")] : []), text)
        } test: { store, _ async throws in
            try await withFolder { folder in
                let path = folder + "/file"
                let damaged = await failure { try await store.materialise("damaged", at: path) }
                #expect(damaged?.code == "object_damaged")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
                try await store.materialise("sound", at: path)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
                #expect(try String(contentsOfFile: path, encoding: .utf8) == "abc")
            }
        }
    }
}
