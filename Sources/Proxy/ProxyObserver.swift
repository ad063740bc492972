package import Kernel
package import Resilience

/// What the gateway tells as it works. Closures are called on event loops and must not block.
package struct ProxyObserver: Sendable {
    package let event: @Sendable (ProxyEvent) -> Void
    package let access: @Sendable (AccessRecord) -> Void

    package init(
        event: @escaping @Sendable (ProxyEvent) -> Void = { _ in },
        access: @escaping @Sendable (AccessRecord) -> Void = { _ in }
    ) {
        self.event = event
        self.access = access
    }
}

/// For metrics; instances are named by their ids.
package enum ProxyEvent: Sendable, Equatable {
    /// Came, went, was ejected, returned, or its breaker changed.
    case fleet(role: String, Fleet.Change)
    /// The head of an answer came so long after the request was passed on.
    case answered(role: String, instance: String, status: Int, seconds: Double)
    /// An attempt failed; `code` is `not_connected`, `cut` or `late`.
    case failed(role: String, instance: String, code: String)
    case retried(role: String)
    /// The gateway answered itself.
    case rejected(code: String)
    /// The directory could not be asked; the last known instances stay.
    case directoryFailed(role: String, Failure.Kind)
}

/// One request, once it is over. Neither path nor query: they hold ids and signatures.
package struct AccessRecord: Sendable {
    package let method: String
    /// Name of the rule; nil if none took it.
    package let route: String?
    package let instance: String?
    /// 499 if the client left before an answer began.
    package let status: Int
    package let attempts: Int
    /// Of bodies, and of both ways of a tunnel.
    package let bytesReceived: Int64
    package let bytesSent: Int64
    package let duration: Duration
    package let requestID: String
    package let traceParent: String
    package let client: String
    /// False if the answer broke off.
    package let isComplete: Bool
}

/// An instance as the gateway sees it now.
package struct InstanceStatus: Sendable, Equatable {
    package let instance: Instance
    package let inFlight: Int
    package let isEjected: Bool
    package let breaker: Breaker.State
}
