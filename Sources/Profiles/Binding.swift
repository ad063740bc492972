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
            mediaBinding,
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
        }
    }

    private var pubsubBinding: Binding {
        switch pubsub {
        case .memory:
            Binding(
                port: "PubSub", adapter: "memory of this process",
                guarantee: "at most once, bounded; other processes are found by looking again",
                section: "pubsub.memory")
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
