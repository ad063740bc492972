import FileObjects
import Foundation
import Kernel
import Testing

/// A crash is played by planting what it would have left.
@Suite struct CrashLeftoverTests {
    private let upload = MultipartUpload.sample

    @Test func `bytes without a record are no object, and the next write takes their place`() async throws {
        try await StoreFixture.with { fixture in
            try fixture.write([1, 2, 3], to: "objects/a/k~0")
            try fixture.write([1, 2, 3], to: "objects/a/k~1")
            #expect(try await fixture.store.stat("a/k") == nil)
            #expect(try await fixture.store.list(prefix: "", after: nil, limit: 10) == [])
            try await fixture.store.put("a/k", [4])
            #expect(try await fixture.store.bytes("a/k") == [4])
            #expect(try fixture.names(in: "objects/a") == ["k~", "k~0"])
        }
    }

    @Test func `deleting removes bytes without a record too`() async throws {
        try await StoreFixture.with { fixture in
            try fixture.write([1], to: "objects/a/b/k~1")
            try await fixture.store.delete(prefix: "a/")
            #expect(try fixture.names(in: "objects") == [])
        }
    }

    @Test func `a crash before the record leaves the former object`() async throws {
        try await StoreFixture.with { fixture in
            let former = try await fixture.store.put("k", [1, 2, 3])
            // The first write took slot 0, so the next would fill slot 1.
            try fixture.write([9, 9], to: "objects/k~1")
            #expect(try await fixture.store.stat("k") == former)
            #expect(try await fixture.store.bytes("k") == [1, 2, 3])
            try await fixture.store.put("k", [4])
            #expect(try fixture.names(in: "objects") == ["k~", "k~1"])
            #expect(try await fixture.store.bytes("k") == [4])
        }
    }

    @Test func `what a write replaced or left undone does not stay`() async throws {
        try await StoreFixture.with { fixture in
            for round in 0..<7 { try await fixture.store.put("k", [UInt8(round)]) }
            _ = await failureCode {
                _ = try await fixture.store.put("k", body: GivenBody([1]), length: 2, contentType: "a/b")
            }
            #expect(try fixture.names(in: "objects").count == 2)
            try await eventually { try fixture.names(in: "tmp") == [] }
        }
    }

    @Test func `only old and unlocked files in the making are swept`() async throws {
        try await StoreFixture.with { fixture in
            try fixture.write([1], to: "tmp/left")
            try fixture.write([1], to: "tmp/upload/manifest")
            _ = try fixture.another()
            #expect(try fixture.names(in: "tmp") == ["left", "upload"])
            _ = try StoreFixture.opened(fixture.root, now: { .now() + .seconds(7200) })
            #expect(try fixture.names(in: "tmp") == [])
        }
    }

    @Test func `a part without its marker, or with a torn one, is sent again`() async throws {
        try await StoreFixture.with { fixture in
            let store = fixture.store
            _ = try await store.begin(upload)
            let references = try await store.sendAll(upload)
            let marker = try Data(contentsOf: URL(filePath: fixture.path("uploads/upload-1/part-2")))
            for torn in [[], [0, 0, 0], Array(marker.dropLast()), Array(marker.prefix(9))] as [[UInt8]] {
                try fixture.write(torn, to: "uploads/upload-1/part-2")
                #expect(try await store.parts(of: upload).map(\.number) == [1, 3])
                #expect(
                    await failureCode { _ = try await store.complete(upload, parts: references) }
                        == "upload_incomplete")
            }
            try await store.send(upload, 2)
            #expect(try await store.complete(upload, parts: references).bytes == 2500)
        }
    }

    @Test func `a crash between bytes and record of a completion is gone over again`() async throws {
        try await StoreFixture.with { fixture in
            let store = fixture.store
            _ = try await store.begin(upload)
            let references = try await store.sendAll(upload)
            try FileManager.default.createDirectory(
                atPath: fixture.path("objects/videos/v"), withIntermediateDirectories: true)
            try FileManager.default.linkItem(
                atPath: fixture.path("uploads/upload-1/bytes"),
                toPath: fixture.path("objects/videos/v/source~0"))
            #expect(try await store.stat(upload.key) == nil)
            let stat = try await fixture.another().complete(upload, parts: references)
            #expect(try await store.stat(upload.key) == stat)
            #expect(try await store.bytes(upload.key) == upload.allBytes)
            #expect(try fixture.names(in: "uploads") == [])
        }
    }

    @Test func `a crash after the record leaves markers, which the next call removes`() async throws {
        try await StoreFixture.with { fixture in
            let store = fixture.store
            _ = try await store.begin(upload)
            let references = try await store.sendAll(upload)
            let copy = fixture.folder + "/copy"
            try FileManager.default.copyItem(atPath: fixture.path("uploads/upload-1"), toPath: copy)
            let stat = try await store.complete(upload, parts: references)
            #expect(try fixture.names(in: "uploads") == [])
            try FileManager.default.copyItem(atPath: copy, toPath: fixture.path("uploads/upload-1"))
            #expect(try await fixture.another().complete(upload, parts: references) == stat)
            #expect(try fixture.names(in: "uploads") == [])
            #expect(try await store.bytes(upload.key) == upload.allBytes)
        }
    }

    @Test func `an upload's folder without a manifest is begun anew`() async throws {
        try await StoreFixture.with { fixture in
            try FileManager.default.createDirectory(
                atPath: fixture.path("uploads/upload-1"), withIntermediateDirectories: true)
            #expect(try await fixture.store.parts(of: upload) == [])
            _ = try await fixture.store.begin(upload)
            let references = try await fixture.store.sendAll(upload)
            #expect(try await fixture.store.complete(upload, parts: references).bytes == 2500)
        }
    }

    @Test func `all that is stored is there for the next process`() async throws {
        try await StoreFixture.with { fixture in
            let stat = try await fixture.store.put("a/k", [1, 2])
            _ = try await fixture.store.begin(upload)
            let part = try await fixture.store.send(upload, 2)
            let next = try fixture.another()
            #expect(try await next.stat("a/k") == stat)
            #expect(try await next.parts(of: upload) == [part])
        }
    }
}

/// Waits for what happens on other threads soon.
func eventually(_ condition: () throws -> Bool) async throws {
    for _ in 0..<500 where try !condition() { try await Task.sleep(for: .milliseconds(10)) }
    #expect(try condition())
}
