import Kernel
import NIOCore
import Testing

/// What every `SignedObjectEndpoint` promises.
@Suite struct SignedEndpointContract {
    private static let upload = MultipartUpload.sample()
    private static let minute = Duration.seconds(60)

    private func url(_ store: any MultipartStore, _ number: Int = 1, in time: Duration = minute) throws
        -> SignedURL
    {
        try store.partURL(Self.upload, number: number, expiry: .now() + time)
    }

    @Test(arguments: SignedEndpointAdapter.all)
    func `its URLs are paths on the application's origin`(_ adapter: SignedEndpointAdapter) async throws {
        try await adapter.run { store in
            let url = try url(store)
            #expect(store.pathPrefix.hasPrefix("/") && store.pathPrefix.hasSuffix("/"))
            #expect(url.url.hasPrefix(store.pathPrefix))
            #expect(url.headers == ["Content-Type": "video/mp4"])
        }
    }

    @Test(arguments: SignedEndpointAdapter.all)
    func `a part is received`(_ adapter: SignedEndpointAdapter) async throws {
        try await adapter.run { store in
            _ = try await store.begin(Self.upload)
            let body = ChunkedBody(Self.upload.bytes(ofPart: 3))
            let part = try await store.receive(try url(store, 3), body, length: 500)
            #expect(part.number == 3)
            #expect(part.bytes == 500)
            #expect(try await store.parts(of: Self.upload) == [part])
        }
    }

    @Test(arguments: SignedEndpointAdapter.all)
    func `another length, none, or another type is forbidden`(_ adapter: SignedEndpointAdapter) async throws {
        try await adapter.run { store in
            _ = try await store.begin(Self.upload)
            let halves = try url(store).url.split(separator: "?").map(String.init)
            let requests: [(Int64?, String?)] = [
                (999, "video/mp4"), (1001, "video/mp4"), (0, "video/mp4"), (nil, "video/mp4"),
                (-1, "video/mp4"),
                (1000, "video/webm"), (1000, nil), (1000, ""),
            ]
            for (length, type) in requests {
                let failure = await #expect(throws: Failure.self) {
                    try await store.receive(
                        path: halves[0], query: halves[1], length: length, contentType: type,
                        body: ChunkedBody(sampleBytes(1000)))
                }
                #expect(failure?.code == "signature_invalid")
                #expect(failure?.kind == .forbidden)
            }
            #expect(try await store.parts(of: Self.upload) == [])
        }
    }

    @Test(arguments: SignedEndpointAdapter.all)
    func `an expired URL is forbidden`(_ adapter: SignedEndpointAdapter) async throws {
        try await adapter.run { store in
            _ = try await store.begin(Self.upload)
            let url = try url(store, in: .seconds(-1))
            let failure = await #expect(throws: Failure.self) {
                try await store.receive(url, ChunkedBody(sampleBytes(1000)), length: 1000)
            }
            #expect(failure?.code == "signature_expired")
            #expect(failure?.kind == .forbidden)
        }
    }

    @Test(arguments: SignedEndpointAdapter.all)
    func `a body of another length is refused`(_ adapter: SignedEndpointAdapter) async throws {
        try await adapter.run { store in
            _ = try await store.begin(Self.upload)
            for count in [0, 999, 1001] {
                let code = await failureCode {
                    _ = try await store.receive(
                        try url(store), ChunkedBody(sampleBytes(count)), length: 1000)
                }
                #expect(code == "part_mismatch")
            }
            #expect(try await store.parts(of: Self.upload) == [])
        }
    }

    @Test(arguments: SignedEndpointAdapter.all)
    func `a part is received by one at a time`(_ adapter: SignedEndpointAdapter) async throws {
        try await adapter.run { store in
            _ = try await store.begin(Self.upload)
            let slow = SlowBody()
            let url = try url(store)
            let halves = url.url.split(separator: "?").map(String.init)
            async let first = store.receive(
                path: halves[0], query: halves[1], length: 1000, contentType: "video/mp4", body: slow)
            await slow.isPulled()
            slow.gate.yield(ByteBuffer(bytes: sampleBytes(10)))
            let code = await failureCode {
                _ = try await store.receive(url, ChunkedBody(sampleBytes(1000, seed: 2)), length: 1000)
            }
            #expect(code == "part_busy")
            #expect(try await store.parts(of: Self.upload) == [])
            slow.gate.yield(ByteBuffer(bytes: sampleBytes(1000)[10...]))
            slow.gate.finish()
            let part = try await first
            #expect(try await store.parts(of: Self.upload) == [part])
        }
    }

    @Test(arguments: SignedEndpointAdapter.all)
    func `an upload that is not open has no parts to receive`(_ adapter: SignedEndpointAdapter) async throws {
        try await adapter.run { store in
            let url = try url(store)
            let body = ChunkedBody(sampleBytes(1000))
            #expect(await failureCode { _ = try await store.receive(url, body, length: 1000) } == "not_found")
            _ = try await store.begin(Self.upload)
            _ = try await store.receive(url, body, length: 1000)
            try await store.abort(Self.upload)
            #expect(await failureCode { _ = try await store.receive(url, body, length: 1000) } == "not_found")
        }
    }
}

/// A body whose chunks come when the test says so.
struct SlowBody: AsyncSequence, Sendable {
    typealias Failure = any Error

    let gate: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
    private let chunks: AsyncThrowingStream<ByteBuffer, any Error>
    private let pulled: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)

    init() {
        (chunks, gate) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        pulled = AsyncStream.makeStream(of: Void.self)
    }

    /// Returns when somebody has begun to read it.
    func isPulled() async { for await _ in pulled.stream { break } }

    func makeAsyncIterator() -> AsyncThrowingStream<ByteBuffer, any Error>.Iterator {
        pulled.continuation.finish()
        return chunks.makeAsyncIterator()
    }
}
