package import Kernel
import ServiceLifecycle

/// Keeps this process announced: by heartbeats, as draining once it is to end, and not at all afterwards.
///
/// It must be the first service to be stopped, so the last of the group: listeners then close when nobody is sent to
/// them any more.
package struct InstanceAnnouncement: Service {
    package struct Settings: Sendable, Equatable {
        package var heartbeat = Duration.seconds(3)
        /// From telling that it drains to its end: gateways need that long to notice.
        package var drainNotice = Duration.seconds(3)

        package init() {}
    }

    private let instance: Instance
    private let registry: any InstanceRegistry
    private let settings: Settings
    private let measure: @Sendable () async -> (state: Instance.State, load: Int)
    private let onFailure: @Sendable (Failure) -> Void

    /// `measure` tells state and load at each heartbeat; `onFailure` hears of those that failed.
    package init(
        _ instance: Instance, in registry: any InstanceRegistry, settings: Settings = .init(),
        measure: @escaping @Sendable () async -> (state: Instance.State, load: Int),
        onFailure: @escaping @Sendable (Failure) -> Void = { _ in }
    ) {
        self.instance = instance
        self.registry = registry
        self.settings = settings
        self.measure = measure
        self.onFailure = onFailure
    }

    package func run() async throws {
        // Its end is the signal for what follows.
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let (state, load) = await measure()
                await announce(state, load: load)
                try await Task.sleep(for: settings.heartbeat)
            }
        }
        guard !Task.isCancelled else { return }
        await announce(.draining, load: await measure().load)
        // Cut short only if the whole process is.
        try? await Task.sleep(for: settings.drainNotice)
        await attempt { try await registry.withdraw(instance.id) }
    }

    private func announce(_ state: Instance.State, load: Int) async {
        var instance = instance
        instance.state = state
        instance.load = load
        let now = instance
        await attempt { try await registry.announce(now) }
    }

    /// A failed heartbeat is made up for by the next; the lifetime covers several.
    private func attempt(_ body: () async throws -> Void) async {
        do { try await body() } catch {
            let failure = Failure.wrapping(error)
            if failure.kind != .cancelled { onFailure(failure) }
        }
    }
}
