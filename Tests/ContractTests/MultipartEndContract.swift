import Kernel
import Testing

/// What every `MultipartStore` promises about completing and aborting.
@Suite struct MultipartEndContract {
    @Test(arguments: MultipartAdapter.all)
    func `completion names what is missing or differs`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            let first = try await stage.send(upload, 1)
            _ = try await stage.send(upload, 3)
            let named = [
                UploadedPart.Reference(number: 1, etag: first.etag), .init(number: 2, etag: "x"),
                .init(number: 3, etag: "x"),
            ]
            let failure = await #expect(throws: Failure.self) {
                try await stage.parts.complete(upload, parts: named)
            }
            #expect(failure?.code == "upload_incomplete")
            #expect(failure?.fields.map(\.field) == ["parts.2", "parts.3"])
            #expect(failure?.fields.map(\.code) == ["missing", "different"])
            #expect(try await stage.objects.stat(upload.key) == nil)
            #expect(try await stage.parts.parts(of: upload).count == 2)
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `completion needs every part named, and no other`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            let references = try await stage.sendAll(upload)
            for named in [[], Array(references.dropLast()), references + [.init(number: 4, etag: "x")]] {
                let code = await failureCode { _ = try await stage.parts.complete(upload, parts: named) }
                #expect(code == "upload_incomplete")
            }
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `at most twenty problems are named`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun(
                MultipartUpload(key: "k", id: "u", bytes: 50, partBytes: 1, contentType: "a/b"))
            let failure = await #expect(throws: Failure.self) {
                try await stage.parts.complete(upload, parts: [])
            }
            #expect(failure?.fields.count == 20)
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `completing again answers the same`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            let references = try await stage.sendAll(upload)
            let stat = try await stage.parts.complete(upload, parts: references)
            #expect(try await stage.parts.complete(upload, parts: references) == stat)
            #expect(try await stage.parts.parts(of: upload) == [])
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `completions at once answer the same`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            let references = try await stage.sendAll(upload)
            let stats = try await withThrowingTaskGroup(of: ObjectStat.self) { group in
                for _ in 0..<6 { group.addTask { try await stage.parts.complete(upload, parts: references) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(stats.count == 6)
            #expect(stats.allSatisfy { $0 == stats[0] })
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `an upload replaces an object at once`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            try await stage.objects.put(upload.key, [1, 2, 3])
            let references = try await stage.sendAll(upload)
            #expect(try await stage.objects.bytes(upload.key) == [1, 2, 3])
            _ = try await stage.parts.complete(upload, parts: references)
            #expect(try await stage.objects.bytes(upload.key) == upload.sampleBody)
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `an aborted upload is forgotten`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            try await stage.parts.abort(.sample())
            let upload = try await stage.begun()
            let references = try await stage.sendAll(upload)
            try await stage.parts.abort(upload)
            try await stage.parts.abort(upload)
            #expect(try await stage.parts.parts(of: upload) == [])
            let code = await failureCode { _ = try await stage.parts.complete(upload, parts: references) }
            #expect(code == "upload_incomplete")
            #expect(await failureCode { _ = try await stage.send(upload, 1) } != nil)
            #expect(try await stage.objects.stat(upload.key) == nil)
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `aborting after completion leaves the object`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            let stat = try await stage.parts.complete(upload, parts: try await stage.sendAll(upload))
            try await stage.parts.abort(upload)
            #expect(try await stage.objects.stat(upload.key) == stat)
            #expect(try await stage.objects.bytes(upload.key) == upload.sampleBody)
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `parts may be sent at once`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun(
                MultipartUpload(key: "k", id: "u", bytes: 3_000_000, partBytes: 700_000, contentType: "a/b"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...5 { group.addTask { _ = try await stage.send(upload, number) } }
                try await group.waitForAll()
            }
            let references = try await stage.parts.parts(of: upload).map {
                UploadedPart.Reference(number: $0.number, etag: $0.etag)
            }
            _ = try await stage.parts.complete(upload, parts: references)
            #expect(try await stage.objects.bytes("k") == upload.sampleBody)
        }
    }
}
