import Foundation
import Kernel
import NIOCore
import NIOHTTP1
import Testing

@testable import S3Objects

/// Uploads in parts, and deletions in batches, at a store that fails between their steps.
@Suite struct MultipartFaultTests {
    private static let upload = MultipartUpload(
        key: "k", id: "u", bytes: 6, partBytes: 6, contentType: "a/b", handle: "h")
    private static let reference = UploadedPart.Reference(number: 1, etag: "aa")
    private static let begun = "<R><UploadId>h</UploadId></R>"
    private static let parts = """
        <ListPartsResult><Part><PartNumber>1</PartNumber><ETag>"aa"</ETag><Size>6</Size></Part></ListPartsResult>
        """

    private static func error(_ code: String) -> String { "<Error><Code>\(code)</Code></Error>" }

    private static func object(_ upload: String = "u", bytes: Int = 6) -> ScriptedServer.Answer {
        .reply(200, [("ETag", "e"), ("Content-Length", "\(bytes)"), ("x-amz-meta-upload", upload)])
    }

    @Test func `beginning is repeated only where nothing can have begun`() async throws {
        var upload = Self.upload
        upload.handle = nil
        for (status, expected) in [(500, 1), (503, 2)] {
            try await ScriptedServer.run { _, number in
                number == 1 ? .reply(status) : .reply(200, [], Self.begun)
            } test: { store, server async throws in
                let code = await failure { _ = try await store.begin(upload) }?.code
                #expect(code == (expected == 1 ? "unavailable" : nil))
                #expect(server.asked.count == expected)
                #expect(server.asked[0].headers["x-amz-meta-upload"] == ["u"])
            }
        }
    }

    @Test func `a completion whose answer was lost is found done`() async throws {
        try await ScriptedServer.run { asked, _ in
            switch asked.method {
            case "GET": .reply(200, [], Self.parts)
            case "HEAD": Self.object()
            default: .hangUp
            }
        } test: { store, _ async throws in
            #expect(try await store.complete(Self.upload, parts: [Self.reference]).bytes == 6)
        }
    }

    @Test func `an error within a successful answer is no success`() async throws {
        try await ScriptedServer.run { asked, number in
            switch asked.method {
            case "GET": .reply(200, [], Self.parts)
            case "HEAD": number > 5 ? Self.object() : .reply(404)
            default: .reply(200, [], Self.error("InternalError"))
            }
        } test: { store, server async throws in
            #expect(try await store.complete(Self.upload, parts: [Self.reference]).bytes == 6)
            #expect(server.asked.filter { $0.method == "POST" }.count > 1)
        }
    }

    @Test func `an upload that is gone is complete if the object bears its id`() async throws {
        for (upload, expected) in [("u", nil), ("other", "upload_incomplete")] as [(String, String?)] {
            try await ScriptedServer.run { asked, _ in
                asked.method == "HEAD" ? Self.object(upload) : .reply(404, [], Self.error("NoSuchUpload"))
            } test: { store, _ async throws in
                let code = await failure {
                    _ = try await store.complete(Self.upload, parts: [Self.reference])
                }?.code
                #expect(code == expected)
            }
        }
    }

    @Test func `an object of another length is told`() async throws {
        try await ScriptedServer.run { asked, _ in
            asked.method == "HEAD"
                ? Self.object(bytes: 5) : .reply(200, [], asked.method == "GET" ? Self.parts : "<R/>")
        } test: { store, _ async throws in
            let code = await failure { _ = try await store.complete(Self.upload, parts: [Self.reference]) }?
                .code
            #expect(code == "part_mismatch")
        }
    }

    @Test func `many parts are listed page by page`() async throws {
        func page(_ numbers: ClosedRange<Int>, more: Bool) -> String {
            let parts = numbers.map {
                "<Part><PartNumber>\($0)</PartNumber><ETag>e\($0)</ETag><Size>1</Size></Part>"
            }
            return "<R><IsTruncated>\(more)</IsTruncated>\(parts.joined())</R>"
        }
        let (first, second) = (page(1...3, more: true), page(4...5, more: false))
        let upload = MultipartUpload(
            key: "k", id: "u", bytes: 5, partBytes: 1, contentType: "a/b", handle: "h")
        try await ScriptedServer.run { asked, _ in
            .reply(200, [], asked.uri.contains("part-number-marker=3") ? second : first)
        } test: { store, _ async throws in
            #expect(try await store.parts(of: upload).map(\.number) == [1, 2, 3, 4, 5])
        }
    }

    @Test func `parts too small for the store are refused when the upload begins`() async throws {
        try await ScriptedServer.run { _, _ in
            .reply(500)
        } test: { store, server async throws in
            let upload = MultipartUpload(key: "k", id: "u", bytes: 7, partBytes: 6, contentType: "a/b")
            #expect(await failure { _ = try await store.begin(upload) }?.code == "invalid_request")
            #expect(server.asked.isEmpty)
        }
    }

    @Test func `a large write whose part fails is forgotten`() async throws {
        try await ScriptedServer.adjusted({ $0.partBytes = 10 }).run { asked, _ in
            switch asked.method {
            case "POST": .reply(200, [], Self.begun)
            case "PUT": asked.uri.contains("partNumber=2") ? .reply(403) : .reply(200, [("ETag", "e")])
            default: .reply(204)
            }
        } test: { store, server async throws in
            let text = String(repeating: "x", count: 35)
            #expect(await failure { _ = try await store.put("k", text) }?.kind == .internal)
            #expect(server.asked.last?.method == "DELETE")
            try await withFolder { folder in
                let path = folder + "/file"
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                let kind = await failure {
                    _ = try await store.put("k", movingFile: path, contentType: "a/b")
                }?.kind
                #expect(kind == .internal)
                #expect(FileManager.default.fileExists(atPath: path))
            }
            // Parts that were under way beside the failed one may be heard of later.
            #expect(server.asked.count { $0.method == "DELETE" } == 2)
        }
    }

    @Test(arguments: ["NotImplemented", "MethodNotAllowed"])
    func `a batch is deleted one by one where the store has no batches`(_ code: String) async throws {
        let alone = try await deletedAlone(.reply(501, [], Self.error(code)))
        #expect(alone == ["x/a", "x/b"])
    }

    @Test func `what a batch leaves over is deleted alone`() async throws {
        let left = "<DeleteResult><Error><Key>x/b</Key><Code>InternalError</Code></Error></DeleteResult>"
        #expect(try await deletedAlone(.reply(200, [], left)) == ["x/b"])
        #expect(try await deletedAlone(.reply(200, [], "<DeleteResult/>")) == [])
        #expect(try await deletedAlone(.reply(200)) == [])
    }

    /// Which of two keys are deleted on their own, if `answer` is what comes of deleting both.
    private func deletedAlone(_ answer: ScriptedServer.Answer) async throws -> Set<String> {
        let keys = ["x/a", "x/b"].map { "<Contents><Key>\($0)</Key></Contents>" }.joined()
        var alone: Set<String> = []
        try await ScriptedServer.run { asked, _ in
            switch asked.method {
            case "GET": .reply(200, [], "<ListBucketResult>\(keys)</ListBucketResult>")
            case "POST": answer
            default: .reply(204)
            }
        } test: { store, server async throws in
            try await store.delete(prefix: "x/")
            alone = Set(server.asked.filter { $0.method == "DELETE" }.map(\.key))
            let batch = server.asked.first { $0.method == "POST" }
            #expect(batch?.text.contains("<Key>x/a</Key>") == true)
            #expect(batch?.headers["Content-MD5"].count == 1)
        }
        return alone
    }
}
