import FileObjects
import Foundation
import Kernel
import NIOCore
import Testing

/// Descriptors, memory and disk: counted for the whole process, so these run alone.
@Suite(.serialized) struct ResourceTests {
    /// Open files of this process below `folder`.
    private func openFiles(below folder: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
            // It may have been closed since it was listed.
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)
            return target?.hasPrefix(folder) == true
        }
    }

    @Test func `no call leaves a file open`() async throws {
        try await StoreFixture.with { fixture in
            let store = fixture.store
            let before = try openFiles(below: fixture.folder)
            try await store.put("k", [UInt8](repeating: 1, count: 500_000))
            for _ in 0..<20 {
                _ = try await store.get("k", range: nil)
                let object = try await store.get("k", range: .from(5))
                if let object { for try await _ in object.body { break } }
                _ = try await store.bytes("k")
                _ = await failureCode { _ = try await store.get("k", range: .from(900_000)) }
                _ = await failureCode { try await store.put("..", [1]) }
                _ = await failureCode {
                    _ = try await store.put("l", body: GivenBody([1]), length: 2, contentType: "a/b")
                }
                _ = try await store.list(prefix: "", after: nil, limit: 10)
                try await store.materialise("k", at: fixture.folder + "/copy")
                _ = try await store.put("m", movingFile: fixture.folder + "/copy", contentType: "a/b")
                _ = try await store.begin(.sample)
                try await store.send(.sample, 1)
                _ = await failureCode { try await store.send(.sample, 2, GivenBody([])) }
                _ = await failureCode { _ = try await store.complete(.sample, parts: []) }
                try await store.abort(.sample)
                try await store.delete(prefix: "m")
            }
            try await eventually { try openFiles(below: fixture.folder) == before }
        }
    }

    @Test func `a large part takes little memory`() async throws {
        try await StoreFixture.with { fixture in
            let bytes: Int64 = 512 << 20
            let upload = MultipartUpload(
                key: "k", id: "u", bytes: bytes, partBytes: bytes / 2, contentType: "a/b")
            let chunk = ByteBuffer(repeating: 7, count: 64 << 10)
            let body = GivenBody { $0 < 4096 ? ByteBuffer(bytes: chunk.readableBytesView) : nil }
            _ = try await fixture.store.begin(upload)
            let before = try residentBytes()
            let first = try await fixture.store.send(upload, 1, body)
            let second = try await fixture.store.send(upload, 2, body)
            let references = [first, second].map { UploadedPart.Reference(number: $0.number, etag: $0.etag) }
            #expect(try await fixture.store.complete(upload, parts: references).bytes == bytes)
            #expect(try residentBytes() - before < 48 << 20)
        }
    }

    private func residentBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return try #require(status.split(separator: " ").dropFirst().first.flatMap { Int($0) }) * 4096
    }

    @Test func `nothing is begun that would fill the disk`() async throws {
        try await StoreFixture.with(minimumFreeBytes: .max / 2) { fixture in
            let failure = await #expect(throws: Failure.self) { try await fixture.store.put("k", [1]) }
            #expect(failure?.code == "disk_full")
            #expect(failure?.kind == .unavailable)
            #expect(await failureCode { _ = try await fixture.store.begin(.sample) } == "disk_full")
            let open = try fixture.names(in: "uploads")
            #expect(open == [])
        }
        try await StoreFixture.with { fixture in
            let huge = MultipartUpload(
                key: "k", id: "u", bytes: 1 << 60, partBytes: 1 << 50, contentType: "a/b")
            #expect(await failureCode { _ = try await fixture.store.begin(huge) } == "disk_full")
        }
    }

    @Test(.enabled(if: SmallDisk.isPermitted)) func `a disk that fills up stores nothing and goes on`()
        async throws
    {
        try await SmallDisk.with(megabytes: 4) { folder in
            let store = try StoreFixture.opened(folder + "/store", minimumFreeBytes: 0)
            let kept = try await store.put("kept", [1, 2, 3])
            let megabyte = ByteBuffer(repeating: 1, count: 1 << 20)
            // Announced small enough, while another process takes the space.
            let ballast = folder + "/ballast"
            let code = await failureCode {
                _ = try await store.put(
                    "k",
                    body: GivenBody { index in
                        if index == 0 { try Data(count: 3 << 20).write(to: URL(filePath: ballast)) }
                        return index < 3 ? megabyte : nil
                    }, length: 3 << 20, contentType: "a/b")
            }
            #expect(code == "disk_full")
            #expect(try await store.stat("k") == nil)
            #expect(try await store.stat("kept") == kept)
            try FileManager.default.removeItem(atPath: ballast)
            try await eventually {
                try FileManager.default.contentsOfDirectory(atPath: folder + "/store/tmp") == []
            }
            #expect(try await store.put("k", [1]).bytes == 1)
        }
    }

    @Test(.enabled(if: SmallDisk.isPermitted)) func `files from and to another filesystem are copied`()
        async throws
    {
        try await SmallDisk.with(megabytes: 4) { folder in
            try await StoreFixture.with { fixture in
                let bytes = [UInt8](repeating: 5, count: 1_000_000)
                let path = folder + "/file"
                try Data(bytes).write(to: URL(filePath: path))
                let stat = try await fixture.store.put("k", movingFile: path, contentType: "a/b")
                #expect(try await fixture.store.put("k", bytes).etag == stat.etag)
                #expect(!FileManager.default.fileExists(atPath: path))
                try await fixture.store.materialise("k", at: path)
                #expect([UInt8](try Data(contentsOf: URL(filePath: path))) == bytes)
            }
        }
    }
}
