import Hummingbird
import Kernel
import Profiles

/// What a process says when asked whether it can do its work.
enum Readiness {
    /// 503 only if nothing useful can be done; a dependency that some work can do without makes it `degraded`.
    static func response(_ health: [HealthProbe]) async -> Response {
        let reports = await HealthProbe.run(health)
        let worst = reports.filter { !$0.isUp }
        let status = worst.isEmpty ? "ready" : worst.contains(where: \.isVital) ? "unavailable" : "degraded"
        return .json(status == "unavailable" ? .serviceUnavailable : .ok) { json in
            json.field("status", status)
            json.array("dependencies", reports) { json, report in
                json.object {
                    $0.field("name", report.name)
                    $0.field("status", report.isUp ? "up" : "down")
                    if let detail = report.detail { $0.field("detail", detail) }
                }
            }
        }
    }
}
