import Kernel
package import Relational

extension ReplicaSet {
    /// Runs `body` in one snapshot of a server that may answer; again on another where one fails.
    package func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let session = Consistency.current
        var read = begin(session)
        defer { if read.hasWaited { decide { read.finish(&$0) } } }
        var failure: any Error = Failure.unavailable("The database")
        while true {
            try Task.checkCancellation()
            noteCall()
            let generation = learnt.generation
            let now = Instant.now
            switch decide({ read.next(&$0, now: now) }) {
            case .giveUp: throw failure
            case .wait(let end): await waitForNews(after: generation, until: end)
            case .pause(let end): try await Task.sleep(until: end)
            case .ask(let server, let atLeast):
                do {
                    let answer = try await endpoints[server].read(scope, atLeast: atLeast, body)
                    if settle(&read, server, answer.mark, session, askedAt: now) { return answer.value }
                } catch {
                    guard goesOn(&read, server, error, askedAt: now) else { throw error }
                    failure = error
                }
            }
        }
    }

    private func begin(_ session: Consistency?) -> RoutingRead {
        let known = session.map { session in
            RoutingRead.Session(
                position: session.position(in: settings.store), horizon: session.position(in: horizonName))
        }
        // A session that knows too many stores has no place in this one.
        let isLost = known.map { $0.position == .max || $0.horizon == .max } ?? false
        return RoutingRead(
            isLost ? nil : known, readsPrimary: session?.readsPrimary ?? true, settings: settings.routing,
            now: .now)
    }

    /// The store's entry for the transactions that its replicas have shown.
    private var horizonName: String { settings.store + ".x" }

    /// True if the answer may be given out; the session has advanced then.
    private func settle(
        _ read: inout RoutingRead, _ server: Int, _ mark: ReplicaMark?, _ session: Consistency?,
        askedAt: Instant
    ) -> Bool {
        guard let mark else {
            decide { $0.ended(server) }
            return true
        }
        let known = decide { read.answered(server, mark, &$0, askedAt: askedAt, now: .now) }
        guard let known else { return false }
        session?.advance(settings.store, to: known.position)
        if known.horizon > 0 { session?.advance(horizonName, to: known.horizon) }
        if let reason = read.reason {
            observe(.readFromPrimary(reason))
        } else {
            observe(.readFromReplica(server: endpoints[server].name))
        }
        if read.isDoubtful { observe(.doubtful) }
        return true
    }

    private func goesOn(
        _ read: inout RoutingRead, _ server: Int, _ error: any Error, askedAt: Instant
    ) -> Bool {
        let fault = RoutingRead.Fault(error)
        guard decide({ read.failed(server, fault, &$0, askedAt: askedAt, now: .now) }) else { return false }
        if case .behind = fault {
            observe(.refused(server: endpoints[server].name))
        } else {
            observe(.detour(server: endpoints[server].name))
        }
        return true
    }
}

extension ReplicaSet {
    /// Runs `body` in one transaction on the primary, whichever server that is.
    ///
    /// Looks for another while nothing of it has happened, at most for `failoverPatience`. Where a connection is
    /// lost while it commits, it may or may not have happened: the failure says so, and the same write with the same
    /// once-key settles it.
    package func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let session = Consistency.current
        let deadline = Instant.now + settings.routing.failoverPatience
        var failure: any Error = Failure.unavailable("The database")
        var attempt = 0
        while true {
            try Task.checkCancellation()
            noteCall()
            let server = decide { routing in
                if let primary = routing.primary { routing.sent(primary) }
                return routing.primary
            }
            if let server {
                do {
                    let answer = try await commit(server, scope, body)
                    if let mark = answer.mark { session?.advance(settings.store, to: mark.seen) }
                    return answer.value
                } catch let error as RetriableWrite {
                    failure = error.cause
                }
            }
            attempt += 1
            let end = Instant.now + writeBackoff.delay(afterAttempt: attempt)
            guard end < deadline else { throw failure }
            await waitForPrimary(otherThan: server, until: end)
        }
    }

    private func waitForPrimary(otherThan server: Int?, until end: Instant) async {
        while Instant.now < end, !Task.isCancelled {
            let generation = learnt.generation
            let primary = decide { $0.primary }
            if let primary, primary != server { return }
            await waitForNews(after: generation, until: end)
        }
    }

    private var writeBackoff: Backoff {
        Backoff(first: .milliseconds(20), maximum: settings.probeInterval * 2)
    }

    /// Nothing of the write happened, and another server may take it.
    private struct RetriableWrite: Error {
        let cause: any Error
    }

    private func commit<Value: Sendable>(
        _ server: Int, _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Positioned<Value> {
        let askedAt = Instant.now
        do {
            let answer = try await endpoints[server].write(scope, body)
            decide { routing in
                if let mark = answer.mark {
                    routing.answered(server, mark, askedAt: askedAt)
                } else {
                    routing.ended(server)
                }
            }
            return answer
        } catch {
            let cause = (error as? Failure)?.cause as? PostgresError
            decide { routing in
                switch cause?.kind {
                case .connectionLost, .outcomeUnknown: routing.failed(server, now: .now)
                case .notPrimary:
                    routing.ended(server)
                    routing.denied(server)
                default: routing.ended(server)
                }
            }
            if case .outcomeUnknown = cause?.kind { observe(.outcomeUnknown) }
            guard cause?.mayRunElsewhere == true else { throw error }
            observe(.writeRetried)
            throw RetriableWrite(cause: error)
        }
    }
}
