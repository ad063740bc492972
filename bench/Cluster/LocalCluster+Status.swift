import Foundation

/// A server as it is now.
package struct ServerStatus: Sendable, Codable {
    package let name: String
    package let technology: String
    /// As the server itself says, such as `primary`.
    package let role: String
    package let port: Int
    /// Nil when it does not run.
    package let pid: Int32?
    package let isHealthy: Bool
    /// Why it is not healthy.
    package let detail: String
    package let version: String
    package let log: String
}

extension LocalCluster {
    /// Asks every server in its own protocol.
    package func status() async throws -> [ServerStatus] {
        let context = try await context
        let plans = context.families.flatMap(\.plans)
        return await withTaskGroup { group in
            for (index, plan) in plans.enumerated() {
                group.addTask { (index, await Self.status(plan, context)) }
            }
            return await group.reduce(into: [(Int, ServerStatus)]()) { $0.append($1) }
                .sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private static func status(_ plan: ServerPlan, _ context: FamilyContext) async -> ServerStatus {
        let server = context.state.server(plan.name)
        let isAlive = server?.process.isAlive == true
        let health = isAlive ? await plan.check.run() : .down("not running")
        return ServerStatus(
            name: plan.name, technology: plan.technology, role: health.isUp ? health.detail : "",
            port: plan.port, pid: isAlive ? server?.process.pid : nil, isHealthy: health.isUp,
            detail: health.isUp ? "" : health.detail,
            version: context.state.programs.versions[plan.technology] ?? "",
            log: context.path + "/logs/\(plan.name).log")
    }
}
