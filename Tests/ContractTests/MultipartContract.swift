import Kernel
import Testing

/// What every `MultipartStore` promises about uploads and their parts.
@Suite struct MultipartContract {
    @Test(arguments: MultipartAdapter.all)
    func `parts in any order become the object`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            var references: [UploadedPart.Reference] = []
            for number in [3, 1, 2] {
                let part = try await stage.send(upload, number)
                #expect(part.number == number)
                #expect(part.bytes == upload.length(ofPart: number))
                references.append(.init(number: number, etag: part.etag))
            }
            #expect(try await stage.objects.stat(upload.key) == nil)
            let stat = try await stage.parts.complete(upload, parts: references)
            #expect(stat.bytes == 2500)
            #expect(stat.contentType == "video/mp4")
            #expect(try await stage.objects.stat(upload.key) == stat)
            #expect(try await stage.objects.bytes(upload.key) == upload.sampleBody)
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `an upload may be of one part, full, short or empty`(_ adapter: MultipartAdapter) async throws {
        for bytes: Int64 in [0, 1, 999, 1000] {
            try await adapter.run { stage in
                let upload = try await stage.begun(
                    MultipartUpload(key: "k", id: "u", bytes: bytes, partBytes: 1000, contentType: "a/b"))
                let references = try await stage.sendAll(upload)
                #expect(references.count == 1)
                #expect(try await stage.parts.complete(upload, parts: references).bytes == bytes)
                #expect(try await stage.objects.bytes("k") == upload.sampleBody)
            }
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `an upload that has begun keeps its handle and its parts`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            #expect(upload.handle?.isEmpty == false)
            _ = try await stage.send(upload, 1)
            #expect(try await stage.begun(upload) == upload)
            #expect(try await stage.parts.parts(of: upload).map(\.number) == [1])
            let references = try await stage.sendAll(upload)
            _ = try await stage.parts.complete(upload, parts: references)
            #expect(try await stage.begun(upload) == upload)
            #expect(try await stage.objects.bytes(upload.key) == upload.sampleBody)
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `who begins the same without its handle may abort what came of it`(
        _ adapter: MultipartAdapter
    ) async throws {
        try await adapter.run { stage in
            let kept = try await stage.begun()
            let second = try await stage.begun()
            if second.handle != kept.handle { try await stage.parts.abort(second) }
            let references = try await stage.sendAll(kept)
            _ = try await stage.parts.complete(kept, parts: references)
            #expect(try await stage.objects.bytes(kept.key) == kept.sampleBody)
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `an upload whose handle was lost can be aborted`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            _ = try await stage.send(upload, 1)
            try await stage.parts.abort(.sample())
            #expect(try await stage.parts.parts(of: upload) == [])
            #expect(await failureCode { _ = try await stage.send(upload, 2) } != nil)
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `equal arguments give equal URLs, with the headers to send`(_ adapter: MultipartAdapter) async throws
    {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            let expiry = Timestamp.now() + .seconds(60)
            let url = try stage.parts.partURL(upload, number: 1, expiry: expiry)
            #expect(try stage.parts.partURL(upload, number: 1, expiry: expiry) == url)
            #expect(try stage.parts.partURL(upload, number: 2, expiry: expiry) != url)
            for number in [0, 4, -1] {
                #expect(
                    await failureCode {
                        _ = try stage.parts.partURL(upload, number: number, expiry: expiry)
                    } == "invalid_request")
            }
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `durable parts are listed by number, with their etags`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            #expect(try await stage.parts.parts(of: .sample()) == [])
            let upload = try await stage.begun()
            #expect(try await stage.parts.parts(of: upload) == [])
            let third = try await stage.send(upload, 3)
            let first = try await stage.send(upload, 1)
            #expect(try await stage.parts.parts(of: upload) == [first, third])
            #expect(first.etag != third.etag)
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `a part that was cut short is not there`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            let upload = try await stage.begun()
            let url = try stage.parts.partURL(upload, number: 1, expiry: .now() + .seconds(60))
            for body in [
                ChunkedBody(sampleBytes(999)), ChunkedBody([]),
                ChunkedBody(sampleBytes(500), chunk: 100, breaksOff: true),
            ] {
                #expect(await failureCode { _ = try await stage.send(url, body, 1000) } != nil)
                #expect(try await stage.parts.parts(of: upload) == [])
            }
            #expect(
                await failureCode { _ = try await stage.send(url, ChunkedBody(sampleBytes(999)), 999) } != nil
            )
            #expect(try await stage.parts.parts(of: upload) == [])
        }
    }

    @Test(arguments: MultipartAdapter.all)
    func `a part may be sent again, with other bytes`(_ adapter: MultipartAdapter) async throws {
        try await adapter.run { stage in
            guard stage.abilities.contains(.replacedParts) else { return }
            let upload = try await stage.begun()
            let wrong = try await stage.send(upload, 1, seed: 9)
            let references = try await stage.sendAll(upload)
            #expect(references[0].etag != wrong.etag)
            #expect(try await stage.send(upload, 1).etag == references[0].etag)
            _ = try await stage.parts.complete(upload, parts: references)
            #expect(try await stage.objects.bytes(upload.key) == upload.sampleBody)
        }
    }
}

extension MultipartStage {
    func send(_ upload: MultipartUpload, _ number: Int, seed: Int = 1) async throws
        -> UploadedPart
    {
        let url = try parts.partURL(upload, number: number, expiry: .now() + .seconds(60))
        let bytes = upload.bytes(ofPart: number, seed: seed)
        return try await send(url, ChunkedBody(bytes), Int64(bytes.count))
    }

    func sendAll(_ upload: MultipartUpload) async throws -> [UploadedPart.Reference] {
        var references: [UploadedPart.Reference] = []
        for number in 1...upload.partCount {
            references.append(.init(number: number, etag: try await send(upload, number).etag))
        }
        return references
    }
}
