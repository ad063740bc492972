import Kernel
import Logging
import NIOCore
import Synchronization

// MARK: - The loop

extension RedisConnection {
    func flush() {
        // Room for the next batch is made while nobody waits for the lock.
        let room = ByteBufferAllocator().buffer(capacity: 4096)
        guard let handler = current.value else {
            return state.withLock { $0.outbox.isFlushScheduled = false }
        }
        let batch = state.withLock { state in
            state.outbox.isFlushScheduled = false
            return state.outbox.take(leaving: room)
        }
        guard batch.commands.readableBytes > 0 else { return }
        handler.send(batch.commands, batch.waiters, until: .now() + TimeAmount(settings.commandDeadline))
    }

    /// Hands the line to callers; returns when it has ended.
    private func serve(_ line: RedisLine) async -> RedisLink.Step {
        await withCheckedContinuation { ended in
            line.start(
                settle: { self.settle($0) },
                isAttended: { self.state.withLock { $0.outbox.isFlushScheduled } },
                ended: { ended.resume(returning: self.lost($0)) })
            let step = state.withLock { state in
                let step = state.link.take(.connected(at: .now()))
                guard step == .serve else { return step }
                state.outbox.isFlushScheduled = true
                state.troubleSince = nil
                state.line = line
                return step
            }
            switch step {
            case .serve: takeTurn(on: line)
            case .stop: settle(line.close(RedisLink.closedFailure))
            // The line's thread has told its end already.
            case .connect, .rest: break
            }
        }
    }

    /// Hands the channel to callers; returns when it has ended.
    private func serve(_ channel: RedisChannel) async -> RedisLink.Step {
        await withCheckedContinuation { ended in
            loop.execute {
                let handler = channel.handler.value
                let step = self.state.withLock { state in
                    state.outbox.isFlushScheduled = true
                    state.troubleSince = nil
                    return state.link.take(.connected(at: .now()))
                }
                self.current.value = handler
                handler.tell(
                    RedisChannelHandler.Events(
                        answered: { count, bytes in self.state.withLock { $0.outbox.answered(count, bytes) }
                        },
                        unsolicited: self.subscriber?.message,
                        ended: {
                            self.current.value = nil
                            self.subscriber?.lost($0)
                            ended.resume(returning: self.lost($0))
                        }))
                if step == .stop { handler.close(RedisLink.closedFailure) } else { self.flush() }
            }
        }
    }

    /// What was not sent waits for the next channel, except subscriptions, which end with their channel.
    private func lost(_ failure: Failure) -> RedisLink.Step {
        state.withLock { $0.line = nil }
        return take(.lost(failure, at: .now()), forgetting: subscriber != nil)
    }

    private func take(_ event: RedisLink.Event, forgetting isForgetting: Bool = false) -> RedisLink.Step {
        let (step, refused, failure) = state.withLock { state in
            let step = state.link.take(event)
            guard case .refuse(let failure) = state.link.admission else {
                return (step, isForgetting ? state.outbox.forget() : [], nil as Failure?)
            }
            if state.troubleSince == nil { state.troubleSince = .now() }
            return (step, state.outbox.forget(), failure)
        }
        for waiter in refused { waiter.fail(failure ?? RedisLink.closedFailure) }
        if let failure, let subscriber { loop.execute { subscriber.lost(failure) } }
        return step
    }
}

// MARK: - Its life

extension RedisConnection {
    func supervise() async {
        var step = RedisLink.Step.connect
        while true {
            switch step {
            case .connect, .serve:
                step = await connect()
            case .rest(let attempt):
                // A cancelled sleep throws; the next event is that of the end.
                try? await Task.sleep(for: settings.reconnect.delay(afterAttempt: attempt))
                step = take(.rested)
            case .stop:
                return
            }
        }
    }

    private func connect() async -> RedisLink.Step {
        let deadline = NIODeadline.now() + TimeAmount(settings.connectDeadline)
        let overdue = loop.scheduleTask(deadline: deadline) { _ = self.take(.overdue) }
        do {
            let channel = try await opening(loop, deadline)
            overdue.cancel()
            logger.debug("redis connected", metadata: ["endpoint": "\(channel.endpoint)"])
            let step: RedisLink.Step
            if subscriber == nil, let line = try await channel.detached(settings: settings) {
                step = await serve(line)
            } else {
                step = await serve(channel)
                await channel.close()
            }
            if step != .stop {
                logger.warning("redis connection lost", metadata: ["endpoint": "\(channel.endpoint)"])
            }
            return step
        } catch {
            overdue.cancel()
            let isFirst = state.withLock { $0.troubleSince == nil }
            let failure = Failure.wrapping(error)
            if isFirst { logger.warning("redis cannot be reached", metadata: ["reason": "\(failure)"]) }
            return take(.failed(failure))
        }
    }

    /// Fails whoever waits, closes the channel and waits until all has ended.
    func close() async {
        _ = take(.closed)
        let supervisor = state.withLock { state in
            defer { state.supervisor = nil }
            return state.supervisor
        }
        supervisor?.cancel()
        if let line = state.withLock({ $0.line }) { settle(line.close(RedisLink.closedFailure)) }
        // The loop may have ended before; then so has the channel.
        try? await loop.submit { self.current.value?.close(RedisLink.closedFailure) }.get()
        await supervisor?.value
    }

    /// Ends the channel, so that the next one is opened to whoever is the right server then.
    func reopen(_ failure: Failure) {
        if let line = state.withLock({ $0.line }) { return settle(line.close(failure)) }
        loop.execute { self.current.value?.close(failure) }
    }

    /// Since when commands are refused, and why; nil while they are not.
    var trouble: (since: Timestamp, reason: Failure)? {
        state.withLock { state in
            guard case .refuse(let failure) = state.link.admission, let since = state.troubleSince else {
                return nil
            }
            return (since, failure)
        }
    }
}
