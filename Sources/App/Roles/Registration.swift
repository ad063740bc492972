import Kernel
import Logging
import ServiceLifecycle

/// Makes a listener of this process known while it serves, and says in good time that it leaves.
struct Registration: Service {
    let instance: Instance
    let registry: any InstanceRegistry
    let heartbeat: Duration
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await announce(instance)
                // A cancelled sleep throws; the loop's condition then ends it.
                try? await Task.sleep(for: heartbeat)
            }
        }
        var leaving = instance
        leaving.state = .draining
        await announce(leaving)
        // The listener stops when this returns: gateways have looked again by then. Whoever cuts this short hurries.
        try? await Task.sleep(for: heartbeat * 2)
        try? await registry.withdraw(instance.id)
    }

    private func announce(_ instance: Instance) async {
        do {
            try await registry.announce(instance)
        } catch {
            logger.warning("this process could not be registered", metadata: ["error": "\(error)"])
        }
    }
}
