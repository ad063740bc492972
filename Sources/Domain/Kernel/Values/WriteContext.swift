/// What makes a write happen once: the request's idempotency key, or the event a consumer is applying.
package struct OnceKey: Sendable, Equatable {
    /// Route or consumer group; keys of different scopes never meet.
    package let scope: String
    package let key: String
    /// Digest of what was asked; the same key with another digest is a conflict.
    package let digest: String
    /// Whose record it is where the write makes its own tenant; else the write's tenant keeps it.
    package let keeper: TenantID?

    package init(scope: String, key: String, digest: String = "", keeper: TenantID? = nil) {
        self.scope = scope
        self.key = key
        self.digest = digest
        self.keeper = keeper
    }

    /// The key by which `consumer` applies `event` once in effect.
    package static func event(_ event: EventID, consumer: String) -> OnceKey {
        OnceKey(scope: consumer, key: event.description)
    }
}

/// The frame of one write: whose rows, on whose behalf, and how it is kept from happening twice.
package struct WriteContext: Sendable {
    package let tenant: TenantID
    package var once: OnceKey?
    /// W3C `traceparent` that the write's events carry on.
    package var traceParent: String?

    package init(tenant: TenantID, once: OnceKey? = nil, traceParent: String? = nil) {
        self.tenant = tenant
        self.once = once
        self.traceParent = traceParent
    }

    /// A write on behalf of `caller`.
    package init(_ caller: Caller, once: OnceKey?) {
        self.init(tenant: caller.tenant, once: once, traceParent: caller.traceParent)
    }
}
