private import Foundation
package import Kernel

/// The relational store as contexts use it: reads and writes of one tenant, or of the machinery across tenants.
///
/// No statement can be made without one of the two, so none can forget its tenant.
package struct Database: Sendable {
    let driver: any SQLDriver
    /// Notified when events have been put in the outbox.
    package let outboxWakeup: Wakeup
    let now: @Sendable () -> Timestamp

    package init(
        driver: any SQLDriver, outboxWakeup: Wakeup = Wakeup(),
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.driver = driver
        self.outboxWakeup = outboxWakeup
        self.now = now
    }

    package func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (TenantReader) throws -> Value
    ) async throws -> Value {
        try await driver.read(.tenant(tenant)) { try body(TenantReader(connection: $0, scope: tenant)) }
    }

    package func readSystem<Value: Sendable>(
        _ body: @escaping @Sendable (SystemReader) throws -> Value
    ) async throws -> Value {
        try await driver.read(.system) { try body(SystemReader(connection: $0, scope: ())) }
    }

    package func writeSystem<Value: Sendable>(
        _ body: @escaping @Sendable (SystemWriter) throws -> Value
    ) async throws -> Value {
        try await driver.write(.system) { try body(SystemWriter(connection: $0, scope: ())) }
    }

    /// For clean-up, which looks for what is too old in the tables of all tenants.
    package func readAllTenants<Value: Sendable>(
        _ body: @escaping @Sendable (SystemReader) throws -> Value
    ) async throws -> Value {
        try await driver.read(.allTenants) { try body(SystemReader(connection: $0, scope: ())) }
    }

    package func writeAllTenants<Value: Sendable>(
        _ body: @escaping @Sendable (SystemWriter) throws -> Value
    ) async throws -> Value {
        try await driver.write(.allTenants) { try body(SystemWriter(connection: $0, scope: ())) }
    }

    /// One transaction of rows, events and the once-record. With a `once` key, the second call answers what the
    /// first did and changes nothing; with another digest it is `idempotency_key_reused`.
    package func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (TenantTransaction) throws -> Value
    ) async throws -> Value {
        let time = now()
        let (value, published) = try await driver.write(.tenant(context.tenant)) { connection in
            let transaction = TenantTransaction(connection: connection, context: context, time: time)
            if let once = context.once, let earlier: Value = try transaction.result(of: once) {
                return (earlier, false)
            }
            let value = try body(transaction)
            if let once = context.once { try transaction.record(value, of: once) }
            return (value, transaction.hasPublished)
        }
        if published { outboxWakeup.notify() }
        return value
    }
}

extension Database {
    /// Throws unless the store answers.
    package func check() async throws {
        _ = try await readSystem { try $0.first("number", from: .migrations) { try $0.next(Int.self) } }
    }

    private static let removedAtOnce = 1000

    /// Lets `remove` take so many rows out at most, in transactions of their own so that no other write waits long, until
    /// there are fewer. Returns how many there were.
    func removeInParts(
        _ remove: @escaping @Sendable (SystemWriter, _ limit: Int) throws -> Int
    ) async throws -> Int {
        var removed = 0
        while true {
            let count = try await writeAllTenants { try remove($0, Self.removedAtOnce) }
            removed += count
            if count < Self.removedAtOnce { return removed }
        }
    }

    /// Forgets what was done once, so long ago that nobody repeats it. Returns how many records.
    @discardableResult
    package func removeOnceRecords(before time: Timestamp) async throws -> Int {
        try await removeInParts { try $0.removeOnceRecords(before: time, $1) }
    }
}

extension SystemWriter {
    /// The oldest `limit` of them.
    fileprivate func removeOnceRecords(before time: Timestamp, _ limit: Int) throws -> Int {
        try delete(
            from: .allApplied,
            where: """
                (tenant_id, scope, key) IN (SELECT tenant_id, scope, key FROM applied WHERE created_at < \(time) \
                ORDER BY created_at LIMIT \(limit))
                """)
    }
}

extension SystemTable {
    /// For the clean-up alone, which works through all tenants.
    static let allApplied = SystemTable("applied")
}
