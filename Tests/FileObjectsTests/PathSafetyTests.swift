import FileObjects
import Foundation
import Kernel
import Testing

@Suite struct PathSafetyTests {
    @Test func `a link below objects is not followed`() async throws {
        try await StoreFixture.with { fixture in
            let outside = fixture.folder + "/outside"
            try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
            try fixture.write([1], to: "../outside/secret~0")
            try FileManager.default.createSymbolicLink(
                atPath: fixture.path("objects/link"), withDestinationPath: outside)
            #expect(try await fixture.store.stat("link/secret") == nil)
            #expect(await failureCode { try await fixture.store.put("link/k", [1]) } == "internal")
            try await fixture.store.delete(prefix: "link/")
            try await fixture.store.delete(prefix: "l")
            #expect(try await fixture.store.list(prefix: "", after: nil, limit: 10) == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: outside) == ["secret~0"])
        }
    }

    @Test func `links in place of record, bytes or upload are not followed`() async throws {
        try await StoreFixture.with { fixture in
            let stat = try await fixture.store.put("k", [1])
            let record = fixture.folder + "/record"
            try FileManager.default.moveItem(atPath: fixture.path("objects/k~"), toPath: record)
            try FileManager.default.createSymbolicLink(
                atPath: fixture.path("objects/k~"), withDestinationPath: record)
            #expect(await failureCode { _ = try await fixture.store.stat("k") } == "internal")
            try FileManager.default.removeItem(atPath: fixture.path("objects/k~"))
            try FileManager.default.moveItem(atPath: record, toPath: fixture.path("objects/k~"))
            #expect(try await fixture.store.stat("k") == stat)
            try FileManager.default.createSymbolicLink(
                atPath: fixture.path("uploads/upload-1"), withDestinationPath: fixture.folder)
            #expect(await failureCode { _ = try await fixture.store.begin(.sample) } == "internal")
        }
    }

    @Test func `an upload's id cannot lead elsewhere`() async throws {
        try await StoreFixture.with { fixture in
            for id in ["", ".", "..", "../objects", "a/b", "a b", String(repeating: "i", count: 201)] {
                let upload = MultipartUpload(key: "k", id: id, bytes: 1, partBytes: 1, contentType: "a/b")
                #expect(await failureCode { _ = try await fixture.store.begin(upload) } == "invalid_request")
                #expect(await failureCode { try await fixture.store.abort(upload) } == "invalid_request")
                #expect(
                    await failureCode {
                        _ = try fixture.store.partURL(upload, number: 1, expiry: .now())
                    } == "invalid_request")
            }
            try await fixture.store.put("k", [1])
            #expect(try await fixture.store.bytes("k") == [1])
        }
    }

    @Test func `an upload's key and size are checked`() async throws {
        try await StoreFixture.with { fixture in
            let store = fixture.store
            let sizes: [(Int64, Int64)] = [(-1, 10), (1, 0), (1, -1), (100_000, 1), (.max, 1)]
            for (bytes, partBytes) in sizes {
                let upload = MultipartUpload(
                    key: "k", id: "u", bytes: bytes, partBytes: partBytes, contentType: "a/b")
                #expect(await failureCode { _ = try await store.begin(upload) } == "invalid_request")
            }
            let upload = MultipartUpload(key: "../k", id: "u", bytes: 1, partBytes: 1, contentType: "a/b")
            #expect(await failureCode { _ = try await store.begin(upload) } == "invalid_key")
            let open = try fixture.names(in: "uploads")
            #expect(open == [])
        }
    }

    @Test func `garbage in a record is an error that writing or deleting mends`() async throws {
        try await StoreFixture.with { fixture in
            let store = fixture.store
            let garbage: [[UInt8]] = [
                [], [0, 0, 0, 0], Array("{}".utf8), Array(repeating: 0xFF, count: 100_000),
                Array(
                    #"{"revision":"r","slot":7,"stat":{"bytes":1,"contentType":"","etag":"","modified":1}}"#
                        .utf8),
            ]
            for bytes in garbage {
                try await store.put("k", [1])
                try fixture.write(bytes, to: "objects/k~")
                #expect(await failureCode { _ = try await store.stat("k") } == "object_damaged")
                #expect(await failureCode { _ = try await store.get("k", range: nil) } == "object_damaged")
                let path = fixture.folder + "/copy"
                #expect(await failureCode { try await store.materialise("k", at: path) } == "object_damaged")
                try await store.put("k", [2])
                #expect(try await store.bytes("k") == [2])
                try fixture.write(bytes, to: "objects/k~")
                try await store.delete(prefix: "k")
                #expect(try await store.stat("k") == nil)
                #expect(try fixture.names(in: "objects") == [])
            }
        }
    }

    @Test func `bytes that were cut or lost are an error, not a short object`() async throws {
        try await StoreFixture.with { fixture in
            try await fixture.store.put("k", [1, 2, 3])
            try fixture.write([1, 2], to: "objects/k~0")
            #expect(
                await failureCode { _ = try await fixture.store.get("k", range: nil) } == "object_damaged")
            try FileManager.default.removeItem(atPath: fixture.path("objects/k~0"))
            #expect(
                await failureCode { _ = try await fixture.store.get("k", range: nil) } == "object_damaged")
        }
    }

    @Test func `foreign files are left alone`() async throws {
        try await StoreFixture.with { fixture in
            for name in ["objects/README", "objects/a/k~2", "objects/a/ü~", "objects/a/.k~~"] {
                try fixture.write([1], to: name)
            }
            try await fixture.store.put("a/k", [1])
            #expect(try await fixture.store.list(prefix: "", after: nil, limit: 10) == ["a/k"])
            try await fixture.store.delete(prefix: "a")
            #expect(try fixture.names(in: "objects/a").count == 3)
            #expect(fixture.exists("objects/README"))
        }
    }

    @Test func `only a regular file is taken in`() async throws {
        try await StoreFixture.with { fixture in
            let link = fixture.folder + "/link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/etc/passwd")
            for path in [link, fixture.folder] {
                #expect(
                    await failureCode {
                        _ = try await fixture.store.put("k", movingFile: path, contentType: "a/b")
                    } != nil)
            }
            let stat = try await fixture.store.stat("k")
            #expect(stat == nil)
        }
    }
}
