import FileObjects
import Foundation
import Kernel
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(5))) struct ConcurrencyTests {
    private let upload = MultipartUpload.sample

    /// A body that holds its receiver until `isReleased`.
    private final class Gate: Sendable {
        let began: AsyncStream<Void>
        let release: AsyncStream<Void>.Continuation
        private let beginning: AsyncStream<Void>.Continuation
        private let releasing: AsyncStream<Void>

        init() {
            (began, beginning) = AsyncStream.makeStream(of: Void.self)
            (releasing, release) = AsyncStream.makeStream(of: Void.self)
        }

        func body(_ bytes: [UInt8]) -> GivenBody {
            GivenBody { [self] index in
                if index > 0 { return nil }
                beginning.finish()
                for await _ in releasing { break }
                return ByteBuffer(bytes: bytes)
            }
        }

        func hasBegun() async { for await _ in began { break } }
    }

    @Test func `two processes do not receive one part at once`() async throws {
        try await StoreFixture.with { fixture in
            let (store, other, upload) = (fixture.store, try fixture.another(), upload)
            _ = try await store.begin(upload)
            let gate = Gate()
            async let first = store.send(upload, 1, gate.body(upload.bytes(ofPart: 1)))
            await gate.hasBegun()
            let failure = await #expect(throws: Failure.self) { try await other.send(upload, 1) }
            #expect(failure?.code == "part_busy")
            #expect(failure?.kind == .conflict)
            #expect(try await other.send(upload, 2).number == 2)
            gate.release.finish()
            #expect(try await first.number == 1)
            #expect(try await other.send(upload, 1).number == 1)
        }
    }

    @Test func `a part is free again after its sender failed`() async throws {
        try await StoreFixture.with { fixture in
            let store = fixture.store
            _ = try await store.begin(upload)
            for _ in 0..<5 {
                #expect(
                    await failureCode { try await store.send(upload, 1, GivenBody([1])) } == "part_mismatch")
            }
            #expect(try await store.send(upload, 1).number == 1)
        }
    }

    @Test func `sending a finished part again takes it back first`() async throws {
        try await StoreFixture.with { fixture in
            let (store, upload) = (fixture.store, upload)
            _ = try await store.begin(upload)
            let references = try await store.sendAll(upload)
            let gate = Gate()
            async let again = store.send(upload, 2, gate.body(upload.bytes(ofPart: 2)))
            await gate.hasBegun()
            #expect(try await fixture.another().parts(of: upload).map(\.number) == [1, 3])
            #expect(
                await failureCode { _ = try await store.complete(upload, parts: references) }
                    == "upload_incomplete")
            gate.release.finish()
            _ = try await again
            #expect(try await store.complete(upload, parts: references).bytes == 2500)
        }
    }

    @Test func `aborting while a part arrives frees its space and refuses the part`() async throws {
        try await StoreFixture.with { fixture in
            let (store, upload) = (fixture.store, upload)
            _ = try await store.begin(upload)
            let gate = Gate()
            async let part = store.send(upload, 1, gate.body(upload.bytes(ofPart: 1)))
            await gate.hasBegun()
            try await fixture.another().abort(upload)
            gate.release.finish()
            var code: String?
            do { _ = try await part } catch { code = (error as? Failure)?.code }
            #expect(code == "not_found")
            #expect(try fixture.names(in: "uploads") == [])
            try await eventually { try fixture.names(in: "tmp") == [] }
        }
    }

    @Test func `identical writes at once from two processes leave one object`() async throws {
        try await StoreFixture.with { fixture in
            let stores = [fixture.store, try fixture.another()]
            let bytes = [UInt8](repeating: 7, count: 100_000)
            let etags = try await withThrowingTaskGroup(of: String.self) { group in
                for index in 0..<24 { group.addTask { try await stores[index % 2].put("a/k", bytes).etag } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(etags.count == 1)
            #expect(try await fixture.store.bytes("a/k") == bytes)
            #expect(try fixture.names(in: "objects/a").count == 2)
            try await eventually { try fixture.names(in: "tmp") == [] }
        }
    }

    @Test func `one transfer too many is overloaded, and room comes back`() async throws {
        try await StoreFixture.with(maximumTransfers: 2) { fixture in
            let store = fixture.store
            try await store.put("k", [1, 2, 3])
            var held = [try await store.get("k", range: nil), try await store.get("k", range: nil)]
            let failure = await #expect(throws: Failure.self) { try await store.put("l", [1]) }
            #expect(failure?.code == "overloaded")
            #expect(failure?.kind == .overloaded)
            #expect(await failureCode { _ = try await store.get("k", range: nil) } == "overloaded")
            #expect(try await store.stat("k") != nil)
            #expect(held.count == 2)
            held = []
            for _ in 0..<20 { #expect(try await store.get("k", range: nil) != nil) }
            _ = try await store.begin(upload)
            for _ in 0..<5 { try await store.send(upload, 1) }
        }
    }
}
