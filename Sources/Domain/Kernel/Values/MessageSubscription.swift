/// One subscriber's messages, to be iterated once. Unsubscribes when it, or its iterator, goes.
package struct MessageSubscription: AsyncSequence, Sendable {
    package typealias Failure = Never

    /// Runs `body` when the last reference to it goes.
    fileprivate final class Ending: Sendable {
        private let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }

        deinit { body() }
    }

    private let stream: AsyncStream<[UInt8]>
    private let unsubscribe: @Sendable () -> Void
    private let ending: Ending

    package init(stream: AsyncStream<[UInt8]>, unsubscribe: @escaping @Sendable () -> Void) {
        self.stream = stream
        self.unsubscribe = unsubscribe
        ending = Ending(unsubscribe)
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        package typealias Failure = Never

        fileprivate var base: AsyncStream<[UInt8]>.Iterator
        /// The sequence's, so that an iterator may outlive its sequence, and its own.
        private let endings: [Ending]

        fileprivate init(_ base: AsyncStream<[UInt8]>.Iterator, _ endings: [Ending]) {
            self.base = base
            self.endings = endings
        }

        package mutating func next(isolation actor: isolated (any Actor)?) async -> [UInt8]? {
            await base.next(isolation: actor)
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(stream.makeAsyncIterator(), [ending, Ending(unsubscribe)])
    }
}
