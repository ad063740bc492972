import Hummingbird
import Kernel
import Profiles

/// What a process says when asked whether it can do its work.
///
/// Balancers ask often and each look asks every dependency, so one look serves all who ask within a moment.
actor Readiness {
    private static let freshness: Duration = .milliseconds(500)

    private let probes: [HealthProbe]
    private var looking: Task<[HealthProbe.Report], Never>?
    private var last: (at: ContinuousClock.Instant, reports: [HealthProbe.Report])?

    init(_ probes: [HealthProbe]) { self.probes = probes }

    /// 503 only if nothing useful can be done; a dependency that some work can do without makes it `degraded`.
    func response() async -> Response {
        let reports = await reports()
        let worst = reports.filter { !$0.isUp }
        let status = worst.isEmpty ? "ready" : worst.contains(where: \.isVital) ? "unavailable" : "degraded"
        let isUnavailable = status == "unavailable"
        return .json(
            isUnavailable ? .serviceUnavailable : .ok, headers: isUnavailable ? [.retryAfter: "1"] : [:]
        ) { json in
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

    private func reports() async -> [HealthProbe.Report] {
        if let last, ContinuousClock.now - last.at < Self.freshness { return last.reports }
        if let looking { return await looking.value }
        let look = Task { await HealthProbe.run(probes) }
        looking = look
        let reports = await look.value
        looking = nil
        last = (.now, reports)
        return reports
    }
}
