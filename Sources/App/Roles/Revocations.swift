import Identity
import Kernel
import Logging
import ServiceLifecycle

/// Tells all processes at once that sessions have ended. Whoever misses it sees so at the next look, seconds later.
struct Revocations: Service {
    private static let channel = "sessions/revoked"
    private static let capacity = 1000
    private static let sessionsPerMessage = 100
    private static let pause: Duration = .seconds(1)

    let authenticator: Authenticator
    let pubSub: any PubSub
    let logger: Logger
    /// What else of this process must know.
    var ended: @Sendable (SessionID) -> Void = { _ in }

    /// Ends what processes know of `sessions`; here at once.
    func announce(_ sessions: [SessionID]) async {
        for session in sessions { forget(session) }
        do {
            for start in stride(from: 0, to: sessions.count, by: Self.sessionsPerMessage) {
                let message = sessions[start...].prefix(Self.sessionsPerMessage).map(\.description)
                try await pubSub.publish(Self.channel, Array(message.joined(separator: ",").utf8))
            }
        } catch {
            logger.debug("revocation not announced", metadata: ["error": "\(error)"])
        }
    }

    private func forget(_ session: SessionID) {
        authenticator.forget(session: session)
        ended(session)
    }

    func run() async throws { await cancelWhenGracefulShutdown { await listen() } }

    private func listen() async {
        while !Task.isCancelled {
            do {
                for await message in try await pubSub.subscribe(Self.channel, capacity: Self.capacity) {
                    for id in String(decoding: message, as: UTF8.self).split(separator: ",") {
                        if let session = SessionID(String(id)) { forget(session) }
                    }
                }
            } catch {
                logger.debug("revocations not heard", metadata: ["error": "\(error)"])
            }
            // A cancelled sleep throws; the loop's condition then ends it.
            try? await Task.sleep(for: Self.pause)
        }
    }
}
