import Kernel
import NIOCore

/// A request body that must come at a least pace: a drip would hold a place that others need, for as long as it likes.
struct SteadyBody<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element == ByteBuffer, Base.Failure == any Error {
    let base: Base
    /// Slow starts are fine for this long.
    let grace: Duration
    /// Any line that can send a video at all sends more.
    private static var bytesPerSecond: Double { 4096 }

    init(_ base: Base, grace: Duration) {
        self.base = base
        self.grace = grace
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var base: Base.AsyncIterator
        fileprivate let grace: Duration
        fileprivate let start = ContinuousClock.now
        fileprivate var received = 0

        mutating func next() async throws -> ByteBuffer? { try await next(isolation: nil) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws -> ByteBuffer? {
            guard let chunk = try await base.next(isolation: actor) else { return nil }
            received += chunk.readableBytes
            let passed = ContinuousClock.now - start
            guard passed < grace || Double(received) >= passed.inSeconds * SteadyBody.bytesPerSecond else {
                throw Kernel.Failure(.timeout, "timeout", "The part came too slowly; please send it again.")
            }
            return chunk
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator(), grace: grace) }
}
