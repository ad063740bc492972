/// Where rows are kept.
package enum RelationalChoice: Sendable, Equatable {
    case sqlite(SQLiteSettings)
    case postgres(PostgresServersSettings)
}

extension RelationalChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("sqlite", "One file on this machine; one process writes at a time.") {
                .sqlite(SQLiteSettings(reading: &$0))
            },
            Adapter("postgres", "A Postgres primary and the replicas that follow it.") {
                .postgres(PostgresServersSettings(reading: &$0))
            },
        ])
    }

    /// Rules about this adapter and the listener above it.
    func check(against http: HTTPSettings, _ root: inout SectionReader) {
        let (section, deadline) =
            switch self {
            case .sqlite(let settings): ("relational.sqlite", settings.statementDeadline)
            case .postgres(let settings): ("relational.postgres", settings.statementDeadline)
            }
        let key = "\(section).statementDeadline"
        root.require(
            [key, "http.requestDeadline"], deadline <= http.requestDeadline,
            "must not be longer than http.requestDeadline (\(http.requestDeadline.inUnits))")
        root.require(
            ["http.drainDeadline", key], http.drainDeadline >= deadline,
            "must be at least \(key) (\(deadline.inUnits)), or a write that has begun is cut off")
    }
}

package struct SQLiteSettings: Sendable, Equatable {
    package let path: String
    package let readers: Int
    package let maximumBatch: Int
    package let maximumQueue: Int
    package let busyTimeout: Duration
    package let statementDeadline: Duration
}

extension SQLiteSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        path = section.value("path", "The database file; its folder is made.", .path)
        readers = section.value("readers", "Connections that read at once.", .integer(in: 1...64))
        maximumBatch = section.value(
            "maximumBatch", "Writes that may share one commit.", .integer(in: 1...10_000))
        maximumQueue = section.value(
            "maximumQueue", "Calls of each kind that may wait; more are refused.", .integer(in: 1...1_000_000)
        )
        busyTimeout = section.value(
            "busyTimeout", "How long to wait while another process writes.",
            .duration(in: .milliseconds(1) ... .minutes(1)))
        statementDeadline = section.value(
            "statementDeadline", "Longest time for one statement, its waiting included.",
            .duration(in: .milliseconds(10) ... .minutes(10)))
        section.require(
            ["busyTimeout", "statementDeadline"], busyTimeout <= statementDeadline,
            "must not be longer than statementDeadline (\(statementDeadline.inUnits))")
    }
}
