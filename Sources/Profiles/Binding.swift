private import MediaWorker

/// What stands behind one port in a topology, and what that promises.
package struct Binding: Sendable, Equatable {
    package let port: String
    package let adapter: String
    package let guarantee: String
    /// Keys of the profile that bound it start with this.
    package let section: String
}

extension Profile {
    /// Port by port, in the order in which they are put together.
    package var bindings: [Binding] {
        [
            relationalBinding, objectsBinding, eventsBinding, jobsBinding, cacheBinding, pubsubBinding,
            rateLimitsBinding, mediaBinding, mailBinding,
        ]
    }

    private var relationalBinding: Binding {
        switch relational {
        case .sqlite(let settings):
            Binding(
                port: "SQLDriver", adapter: "SQLite (\(settings.path))",
                guarantee: "acknowledged writes are on the disk (WAL, synchronous=FULL, group commit);"
                    + " reads see one snapshot; one writer at a time",
                section: "relational.sqlite")
        case .postgres(let settings):
            Binding(
                port: "SQLDriver", adapter: "Postgres, a primary and its replicas",
                guarantee:
                    "acknowledged writes are on the primary's disk, and on a replica's where it says so;"
                    + " reads of a session see its writes and never go back, from replicas at most"
                    + " \(settings.replicas.maximumLag.inUnits) behind; row-level security"
                    + (settings.databases.isEmpty
                        ? "" : "; databases for one tenant each: \(settings.databases.entries.count)"),
                section: "relational.postgres")
        }
    }

    private var objectsBinding: Binding {
        switch objects {
        case .files(let settings):
            Binding(
                port: "ObjectStore", adapter: "files (\(settings.path))",
                guarantee: "an object is there whole or not at all, and durable when stored;"
                    + " clients send parts to this server by signed addresses",
                section: "objects.files")
        case .s3:
            Binding(
                port: "ObjectStore", adapter: "bucket behind the S3 API",
                guarantee: "an object is there whole or not at all; as durable as the store;"
                    + " clients send parts straight to it by presigned addresses",
                section: "objects.s3")
        }
    }

    private var eventsBinding: Binding {
        switch events {
        case .inProcess(let settings):
            Binding(
                port: "EventLog", adapter: "table of the relational store",
                guarantee:
                    "in order per key over \(settings.partitions) partitions, at least once, once in effect;"
                    + " told only if committed (outbox)",
                section: "events")
        case .kafka(let settings):
            Binding(
                port: "EventLog", adapter: "Kafka topic \(settings.topic)",
                guarantee:
                    "in order per key over \(settings.partitions) partitions, at least once, once in effect;"
                    + " told only if committed (outbox), to \(settings.minimumInSyncReplicas) of"
                    + " \(settings.replicas) brokers",
                section: "events")
        }
    }

    private var jobsBinding: Binding {
        switch jobs {
        case .table:
            Binding(
                port: "JobQueue", adapter: "table of the relational store",
                guarantee:
                    "one worker at a time by fenced lease; resumes at the last checkpoint; fair between tenants",
                section: "jobs.table")
        }
    }

    private var cacheBinding: Binding {
        switch cache {
        case .memory:
            Binding(
                port: "Cache", adapter: "memory of this process",
                guarantee: "may vanish at any time; not shared",
                section: "cache.memory")
        case .redis:
            Binding(
                port: "Cache", adapter: "Redis; memory of this process while it is away",
                guarantee: "may vanish at any time; shared by all processes",
                section: "cache.redis")
        }
    }

    private var pubsubBinding: Binding {
        switch pubsub {
        case .memory:
            Binding(
                port: "PubSub", adapter: "memory of this process",
                guarantee: "at most once, bounded; other processes are found by looking again",
                section: "pubsub.memory")
        case .redis:
            Binding(
                port: "PubSub", adapter: "Redis",
                guarantee: "at most once, bounded, between all processes",
                section: "pubsub.redis")
        }
    }

    private var rateLimitsBinding: Binding {
        switch rateLimits {
        case .memory:
            Binding(
                port: "RateLimiter", adapter: "memory of this process",
                guarantee: "exact within this process", section: "rateLimits.memory")
        case .redis:
            Binding(
                port: "RateLimiter", adapter: "Redis; memory of each process while it is away",
                guarantee: "one budget for all processes; one for each while Redis is away",
                section: "rateLimits.redis")
        }
    }

    private var mailBinding: Binding {
        switch mail {
        case .nobody:
            Binding(
                port: "MailSender", adapter: "nobody", guarantee: "no letter is ever due",
                section: "mail.none")
        case .folder(let settings):
            Binding(
                port: "MailSender", adapter: "folder (\(settings.path))",
                guarantee: "each letter is a file; a crash may write one again under its name",
                section: "mail.folder")
        case .smtp:
            Binding(
                port: "MailSender", adapter: "SMTP server",
                guarantee: "each letter is handed over once; a crash may hand it over again with the same"
                    + " Message-ID",
                section: "mail.smtp")
        }
    }

    private var mediaBinding: Binding {
        switch media {
        case .libav:
            Binding(
                port: "MediaEngine", adapter: "libav in a child process",
                guarantee: "a hostile file kills a child, never the server;"
                    + " this machine confines it as far as \"\(ConfinementReport.available().level.rawValue)\"",
                section: "media.libav")
        }
    }
}
