import Kernel
import Logging
import NIOCore
import Synchronization

/// Messages between all processes, through one connection that listens to all channels. To be closed.
///
/// A stream has no gaps: where messages may have been missed, because the subscriber fell behind or the connection was
/// lost, it ends. Then its user subscribes again and looks at what the messages were about.
package final class RedisPubSub: PubSub {
    typealias Stream = AsyncStream<[UInt8]>.Continuation

    /// Touched on the loop alone.
    private struct State {
        struct Subscriber {
            let channel: String
            let stream: Stream
            /// Until the server has confirmed.
            var waiter: CheckedContinuation<Void, any Error>?
            var deadline: Scheduled<Void>?
        }

        var table = RedisSubscriptionTable()
        var subscribers: [Int: Subscriber] = [:]
        var connection: RedisConnection?
        var heartbeat: RepeatedTask?
        var isPongMissing = false
    }

    private let client: RedisClient
    private let prefix: String
    private let loop: any EventLoop
    private let state: NIOLoopBoundBox<State>
    private let lastID = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)
    private let channels = Atomic<Int>(0)

    /// Begins to connect and returns at once.
    package init(client: RedisClient) {
        self.client = client
        prefix = client.settings.keyPrefix + "channel:"
        loop = client.group.next()
        state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: loop)
        loop.execute { self.start() }
    }

    /// Where somebody listens, for tests and gauges.
    package var channelCount: Int { channels.load(ordering: .relaxed) }

    package func publish(_ channel: String, _ message: [UInt8]) async throws {
        guard message.count <= client.settings.maximumValueBytes else {
            throw Failure(.tooLarge, "too_large", "The message is too large.")
        }
        _ = try await client.send(
            RedisCommand(name: "PUBLISH", key: RedisKey(prefix, channel), trailing: [.bytes(message)]))
    }

    package func subscribe(
        _ channel: String, capacity: Int
    ) async throws -> any AsyncSequence<[UInt8], Never> & Sendable {
        let id = lastID.add(1, ordering: .relaxed).newValue
        let (stream, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingOldest(max(1, capacity)))
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                loop.execute {
                    self.join(id, State.Subscriber(channel: channel, stream: continuation, waiter: waiter))
                }
            }
        } onCancel: {
            loop.execute { self.leave(id, Failure.wrapping(CancellationError())) }
        }
        return MessageSubscription(stream: stream) { [weak self] in
            // At once, so that nothing is kept for who no longer listens.
            continuation.finish()
            guard let self, !isClosed.load(ordering: .relaxed) else { return }
            loop.execute { self.leave(id, nil) }
        }
    }

    /// Ends all streams.
    package func close() async {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        // A loop that has ended has nothing left to close.
        let connection = try? await loop.submit {
            self.state.value.heartbeat?.cancel()
            defer { self.state.value.connection = nil }
            return self.state.value.connection
        }.get()
        await connection?.close()
    }
}

// MARK: - The loop

extension RedisPubSub {
    private func start() {
        let subscriber = RedisConnection.Subscriber(
            message: { [weak self] in self?.take($0) }, lost: { [weak self] in self?.lose($0) })
        let connection = RedisConnection(
            settings: client.settings, loop: loop, logger: client.logger, subscriber: subscriber
        ) { [dial = client.dial] loop, deadline in try await dial.openPrimary(on: loop, until: deadline) }
        state.value.connection = connection
        let interval = TimeAmount(client.settings.heartbeat)
        state.value.heartbeat = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
            [weak self] _ in
            self?.beat()
        }
    }

    private func join(_ id: Int, _ subscriber: State.Subscriber) {
        guard
            state.value.table.contains(subscriber.channel)
                || state.value.table.count < client.settings.maximumChannels
        else {
            subscriber.waiter?.resume(
                throwing: Failure(
                    .overloaded, "overloaded", "Too many are listening at once; try again soon."))
            return
        }
        var subscriber = subscriber
        subscriber.deadline = loop.scheduleTask(in: TimeAmount(client.settings.commandDeadline + connecting))
        {
            self.giveUp(id)
        }
        state.value.subscribers[id] = subscriber
        perform(state.value.table.join(id, subscriber.channel))
    }

    /// The time that a connection may take before the question is sent.
    private var connecting: Duration { client.settings.connectDeadline }

    private func giveUp(_ id: Int) {
        let late = Failure(.timeout, "timeout", "Redis did not answer in time.")
        leave(id, late)
        state.value.connection?.reopen(late)
    }

    /// Ends the subscriber's stream behind what it has not read yet, or its wait with `failure`.
    private func leave(_ id: Int, _ failure: Failure?) {
        guard let subscriber = state.value.subscribers.removeValue(forKey: id) else { return }
        end(subscriber, failure)
        perform(state.value.table.leave(id, subscriber.channel))
    }

    private func end(_ subscriber: State.Subscriber, _ failure: Failure?) {
        subscriber.deadline?.cancel()
        subscriber.stream.finish()
        subscriber.waiter?.resume(throwing: failure ?? RedisLink.closedFailure)
    }

    private func perform(_ actions: [RedisSubscriptionTable.Action]) {
        for action in actions {
            switch action {
            case .subscribe(let channel): post("SUBSCRIBE", channel)
            case .unsubscribe(let channel): post("UNSUBSCRIBE", channel)
            case .begin(let id):
                state.value.subscribers[id]?.deadline?.cancel()
                state.value.subscribers[id]?.waiter?.resume()
                state.value.subscribers[id]?.waiter = nil
            }
        }
        channels.store(state.value.table.count, ordering: .relaxed)
    }

    private func post(_ name: StaticString, _ channel: String) {
        do {
            guard let connection = state.value.connection else { throw RedisLink.closedFailure }
            try connection.post(RedisCommand(name: name, key: RedisKey(prefix, channel)))
        } catch {
            lose(Failure.wrapping(error))
        }
    }

    /// Nothing arrives any more: everybody has to begin anew.
    private func lose(_ failure: Failure) {
        let subscribers = state.value.subscribers
        state.value.subscribers = [:]
        state.value.table.lose()
        state.value.isPongMissing = false
        channels.store(0, ordering: .relaxed)
        for subscriber in subscribers.values { end(subscriber, failure) }
    }

    private func take(_ reply: RedisReply) {
        switch reply {
        case .array(let parts) where parts.count == 3: take(parts)
        case .array, .status: state.value.isPongMissing = false
        case .error(let refusal): state.value.connection?.reopen(refusal.failure)
        default: break
        }
    }

    private func take(_ parts: [RedisReply]) {
        guard case .bytes(let kind) = parts[0], case .bytes(let name) = parts[1] else { return }
        let channel = String(decoding: name.dropFirst(prefix.utf8.count), as: UTF8.self)
        if kind.elementsEqual("message".utf8), case .bytes(let message) = parts[2] {
            deliver(message, channel)
        } else if kind.elementsEqual("subscribe".utf8) {
            perform(state.value.table.confirmSubscribed(channel))
        } else if kind.elementsEqual("unsubscribe".utf8) {
            perform(state.value.table.confirmUnsubscribed(channel))
        }
    }

    private func deliver(_ message: [UInt8], _ channel: String) {
        for id in state.value.table.listeners(of: channel) {
            guard case .dropped? = state.value.subscribers[id]?.stream.yield(message) else { continue }
            leave(id, nil)
        }
    }

    /// A listening connection may be dead for long before anybody notices.
    private func beat() {
        guard let connection = state.value.connection, connection.trouble == nil else { return }
        if state.value.isPongMissing {
            connection.reopen(Failure(.timeout, "timeout", "Redis did not answer in time."))
            return
        }
        guard (try? connection.post(RedisCommand(name: "PING"))) != nil else { return }
        state.value.isPongMissing = true
    }
}
