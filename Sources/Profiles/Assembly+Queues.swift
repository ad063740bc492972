import InProcess
import Kernel
import Logging
import Relational

extension Assembly {
    func eventLog(_ database: Database) async throws -> TableEventLog {
        switch profile.events {
        case .inProcess(let settings):
            let log = TableEventLog(
                database: database,
                settings: .init(
                    partitions: settings.partitions, pollInterval: settings.pollInterval,
                    hold: settings.lease,
                    retention: settings.retention))
            try await log.prepare()
            return log
        }
    }

    func jobQueue(_ database: Database) -> TableJobQueue {
        switch profile.jobs {
        case .table:
            TableJobQueue(database: database)
        }
    }

    func relay(_ database: Database, _ log: any EventLog) -> OutboxRelay {
        switch profile.events {
        case .inProcess(let settings):
            OutboxRelay(
                database: database, log: log,
                settings: .init(
                    batch: settings.batch, pollInterval: settings.pollInterval, leaseLifetime: settings.lease),
                logger: logger)
        }
    }
}
