import Kernel

/// Opens connections of the pipeline; on its thread alone, because looking up a name may take its time.
struct PipelineDial {
    // Unchecked because whoever made a connection lets go of it when it is handed on.
    enum Step: @unchecked Sendable {
        case connected(PostgresConnection)
        case failed
    }

    private struct Attempt {
        let connection: PostgresConnection
        let until: ContinuousClock.Instant
    }

    private let parameters: [String: String]
    private let settings: PostgresSettings
    private let watch: SocketWatch
    private var attempts: [Int: Attempt] = [:]

    init(_ parameters: [String: String], _ settings: PostgresSettings, _ watch: SocketWatch) {
        self.parameters = parameters
        self.settings = settings
        self.watch = watch
    }

    var isBusy: Bool { !attempts.isEmpty }

    /// False if it cannot even begin.
    mutating func begin(_ slot: Int) -> Bool {
        do {
            let connection = try PostgresConnection(parameters, statements: settings.preparedStatements)
            attempts[slot] = Attempt(connection: connection, until: .now + settings.connectDeadline)
            watch.arm(connection.descriptor, slot, reads: false, writes: true)
            return true
        } catch {
            return false
        }
    }

    /// Goes on with those whose sockets are `ready`; the ends of attempts.
    mutating func advance(_ ready: [Int], at now: ContinuousClock.Instant) -> [(slot: Int, Step)] {
        var steps: [(Int, Step)] = []
        for (slot, attempt) in attempts {
            guard let step = advance(slot, attempt, isReady: ready.contains(slot), at: now) else { continue }
            attempts[slot] = nil
            steps.append((slot, step))
        }
        return steps
    }

    private func advance(
        _ slot: Int, _ attempt: Attempt, isReady: Bool, at now: ContinuousClock.Instant
    ) -> Step? {
        let isLate = now >= attempt.until
        // What has come counts, however late it is looked at.
        guard isReady else { return isLate ? .failed : nil }
        do {
            let progress = try attempt.connection.advance()
            if progress == .ready { return .connected(attempt.connection) }
            guard !isLate else { return .failed }
            watch.arm(
                attempt.connection.descriptor, slot, reads: progress == .reads, writes: progress == .writes)
            return nil
        } catch {
            return .failed
        }
    }
}
