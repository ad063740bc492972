package import Chat
package import Feed
package import Identity
package import Kernel
package import Polls
package import Search
package import Videos

/// A topology, put together: every port with its adapter. Made once by `Assembly`, changed by nobody.
package struct Backend: Sendable {
    package let identity: any IdentityStore
    package let videos: any VideoStore
    package let reviews: any ReviewStore
    package let chat: any ChatStore
    package let polls: any PollStore
    package let search: any SearchIndex
    package let feed: any FeedStore
    package let mails: any MailQueue
    /// Nil where nobody delivers letters.
    package let mail: (any MailSender)?
    package let directory: any TenantDirectory
    /// All tenants, for work that goes through each of them.
    package let tenants: @Sendable (PageRequest) async throws -> Page<TenantID>
    /// How far each session's reads have come; nil where the store has no replicas.
    package let sessionPositions: SessionPositions?

    package let events: any EventLog
    package let deadLetters: any DeadLetters
    package let jobs: any JobQueue
    /// Notified when a job of this process became due.
    package let jobWakeup: Wakeup

    package let objects: any ObjectStore
    package let uploads: any MultipartStore
    /// Present where the object store has no HTTP face of its own.
    package let objectEndpoint: (any SignedObjectEndpoint)?

    /// Where clients send parts, if that is not the application's own origin.
    package let objectOrigin: String?

    package let cache: any Cache
    /// Without a part of this process's own: what another process changes is seen at once, or it fails.
    package let sharedCache: any Cache
    package let pubSub: any PubSub
    package let rateLimiter: any RateLimiter
    /// Which processes there are.
    package let instances: any InstanceRegistry
    /// Where the gateway looks for those that it may ask.
    package let discovery: any InstanceDirectory

    package let passwords: any PasswordHasher
    package let tokens: any TokenIssuer
    package let playbackSigner: any PlaybackSigner
    package let shareTokens: any ShareTokens
    /// What this process shows to the services it calls; nil where the network alone decides.
    package let serviceToken: @Sendable () -> String?
    /// Throws `service_unauthenticated` for a caller that shows anything else; nil where all may call.
    package let checkCaller: (@Sendable (_ serviceToken: String?) async throws -> Void)?
    /// A digest that tells nothing of its input to whoever lacks the key.
    package let requestDigest: @Sendable ([UInt8]) -> String

    package let media: any MediaEngine
    package let mediaLimits: MediaLimits
    package let localFiles: Transcoding.LocalFiles

    package let machinery: Machinery
    package let health: [HealthProbe]
}

/// What keeps a topology going beside its ports.
package struct Machinery: Sendable {
    /// Moves events from the outbox to the log until cancelled.
    package let relay: @Sendable () async throws -> Void
    /// Whether this process holds the named lease for so long.
    package let holdsLease: @Sendable (_ name: String, _ lifetime: Duration) async throws -> Bool
    /// Forgets what is older than it needs to be: once-records, events all have read, jobs long finished.
    package let removeExpired: @Sendable () async throws -> Void
    /// Does `body` with a consumer group that stands at the oldest event and is gone for good behind it.
    package let withFreshGroup:
        @Sendable (_ name: String, _ body: @Sendable (_ group: String) async throws -> Void) async throws ->
            Void
    /// What to measure now: name, help, value.
    package let gauges: @Sendable () async -> [Gauge]
    /// What goes on beside all services, until cancelled.
    package let background: [@Sendable () async -> Void]
    /// Lets everything go, after the services that use it have ended.
    package let close: @Sendable () async -> Void
}

package struct Gauge: Sendable {
    package let name: String
    package let help: String
    package let value: Double
    package let labels: [String: String]
}

/// A look at one thing that the process needs.
package struct HealthProbe: Sendable {
    package struct Report: Sendable {
        package let name: String
        package let isVital: Bool
        package let isUp: Bool
        package let detail: String?
    }

    /// Longer than this counts as down.
    private static let patience: Duration = .seconds(2)

    let name: String
    /// Nothing useful can be done without it.
    let isVital: Bool
    /// What there is to tell, or an error.
    let look: @Sendable () async throws -> String?

    /// All at once, in the given order.
    package static func run(_ probes: [HealthProbe]) async -> [Report] {
        await withTaskGroup(of: (Int, Report).self) { group in
            for (index, probe) in probes.enumerated() { group.addTask { (index, await probe.report()) } }
            var reports: [(Int, Report)] = []
            for await report in group { reports.append(report) }
            return reports.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func report() async -> Report {
        // A look that heeds no cancellation is not waited for.
        let answer = FirstAnswer<String?>()
        let looking = Task {
            do { answer.give(.success(try await look())) } catch { answer.give(.failure(error)) }
        }
        let waiting = Task {
            try await Task.sleep(for: Self.patience)
            answer.give(
                .failure(Failure(.timeout, "timeout", "no answer within \(Self.patience.inSeconds) s")))
        }
        defer {
            looking.cancel()
            waiting.cancel()
        }
        do {
            return Report(name: name, isVital: isVital, isUp: true, detail: try await answer.value)
        } catch {
            return Report(name: name, isVital: isVital, isUp: false, detail: Failure.wrapping(error).detail)
        }
    }
}
