import Foundation
import Testing

/// The rules of the house, as far as a reader of text can check them.
@Suite struct ArchitectureTests {
    static let domain: Set = ["Kernel", "Identity", "Chat", "Feed", "Polls", "Search", "Videos"]
    static let contexts: Set = ["Identity", "Chat", "Feed", "Polls", "Search", "Videos"]
    /// Adapters and the folder of each.
    static let adapters = [
        "SQLite": "Sources/Storage/SQLite", "Memory": "Sources/Storage/Memory",
        "FileObjects": "Sources/Storage/Objects/Files", "InProcess": "Sources/Queue/InProcess",
        "LibAV": "Sources/Media/LibAV", "MediaWorker": "Sources/Media/MediaWorker",
        "Security": "Sources/Security", "Postgres": "Sources/Storage/Postgres",
        "Redis": "Sources/Storage/Redis", "S3Objects": "Sources/Storage/Objects/S3",
        "Kafka": "Sources/Queue/Kafka", "SMTP": "Sources/Mail/SMTP", "MailFolder": "Sources/Mail/Folder",
    ]
    /// The shared base of relational adapters.
    static let base = "Relational"
    static let cModules: Set = [
        "CSQLite", "CPostgres", "CHiredis", "CRdkafka", "CLibAV", "CMediaShim", "CConfinement", "CResolver",
    ]

    @Test func theDomainImportsNeitherAdaptersNorFrameworks() throws {
        let allowed = Self.domain.union(["NIOCore", "Foundation", "Synchronization"])
        for file in try SourceTree.swiftFiles("Sources/Domain") {
            let foreign = file.imports.subtracting(allowed)
            #expect(foreign.isEmpty, "\(file.path) imports \(foreign.sorted())")
        }
    }

    @Test func aContextImportsNoOtherContext() throws {
        for context in Self.contexts {
            for file in try SourceTree.swiftFiles("Sources/Domain/\(context)") {
                let others = file.imports.intersection(Self.contexts.subtracting([context]))
                #expect(others.isEmpty, "\(file.path) imports \(others.sorted())")
            }
        }
    }

    @Test func anAdapterImportsNoOtherAdapter() throws {
        // The one pair that is a pair: the process that confines, and the pipeline that it confines.
        let partners = ["MediaWorker": Set(["LibAV"])]
        for (adapter, folder) in Self.adapters {
            let forbidden = Set(Self.adapters.keys).subtracting([adapter]).subtracting(
                partners[adapter] ?? []
            )
            .union(["Profiles", "App"])
            for file in try SourceTree.swiftFiles(folder) {
                let found = file.imports.intersection(forbidden)
                #expect(found.isEmpty, "\(file.path) imports \(found.sorted())")
            }
        }
        for file in try SourceTree.swiftFiles("Sources/Storage/Relational") {
            let found = file.imports.intersection(Set(Self.adapters.keys).union(["Profiles", "App"]))
            #expect(found.isEmpty, "\(file.path) imports \(found.sorted())")
        }
    }

    @Test func onlyProfilesImportsAdapters() throws {
        let adapters = Set(Self.adapters.keys).union([Self.base])
        for file in try SourceTree.swiftFiles("Sources/App") + SourceTree.swiftFiles("Sources/Telemetry") {
            let found = file.imports.intersection(adapters)
            #expect(found.isEmpty, "\(file.path) imports \(found.sorted())")
        }
        // Within Profiles, decoding and printing know settings, not adapters.
        let folders = ["Decoding", "Profile", "Report"]
        for file in try folders.flatMap({ try SourceTree.swiftFiles("Sources/Profiles/\($0)") }) {
            let found = file.imports.intersection(adapters)
            #expect(found.isEmpty, "\(file.path) imports \(found.sorted())")
        }
    }

    @Test func eachCModuleHasOneImporter() throws {
        var importers: [String: Set<String>] = [:]
        for file in try SourceTree.swiftFiles("Sources") {
            for module in file.imports.intersection(Self.cModules) {
                importers[module, default: []].insert(Self.folder(of: file.path))
            }
        }
        for (module, folders) in importers {
            #expect(folders.count == 1, "\(module) is imported from \(folders.sorted())")
        }
        #expect(Set(importers.keys) == Self.cModules)
    }

    /// The adapter's folder, or the first two components.
    private static func folder(of path: String) -> String {
        adapters.values.first { path.hasPrefix($0 + "/") }
            ?? path.split(separator: "/").prefix(2).joined(separator: "/")
    }

    @Test func aContextTouchesOnlyItsOwnTables() throws {
        var owners: [String: String] = [:]
        let declaration = /static let (\w+) = (?:Tenant|System)Table\("(\w+)"\)/
        for context in Self.contexts {
            for file in try SourceTree.swiftFiles("Sources/Storage/Relational/Stores/\(context)") {
                for match in file.text.matches(of: declaration) {
                    owners[String(match.1)] = context
                    owners[String(match.2)] = context
                }
            }
        }
        #expect(owners.count > 8)
        let use = /(?:from|into|update\(|[^\w])\s*:?\s*\.(\w+)|\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)/
        for context in Self.contexts {
            for file in try SourceTree.swiftFiles("Sources/Storage/Relational/Stores/\(context)") {
                for match in file.text.matches(of: use) {
                    guard let name = match.1 ?? match.2, let owner = owners[String(name)] else { continue }
                    #expect(owner == context, "\(file.path) touches \(name), which \(owner) owns")
                }
            }
        }
    }

    @Test func noCodeReadsAProfilesName() throws {
        let pattern = /profile\.name\b|==\s*"(?:seed|series-a|mature)"|case "(?:seed|series-a|mature)"/
        for file in try SourceTree.swiftFiles("Sources") {
            #expect(file.text.firstMatch(of: pattern) == nil, "\(file.path) reads a profile's name")
        }
    }

    @Test func theChoiceOfAnAdapterIsMadeInAssemblyAlone() throws {
        let construction =
            /\b(?:SQLiteDriver|FileObjectStore|MemoryCache|MemoryPubSub|TableEventLog|TableJobQueue|PostgresDriver|RedisClient|S3ObjectStore|KafkaEventLog|ChildProcessMediaEngine|SMTPMailSender|FolderMailSender)\(/
        for file in try SourceTree.swiftFiles("Sources/App") + SourceTree.swiftFiles("Sources/Domain") {
            #expect(file.text.firstMatch(of: construction) == nil, "\(file.path) makes an adapter")
        }
    }

    @Test func sqlIsWrittenInTheRelationalLayerAlone() throws {
        let sql = #/"(?:SELECT|INSERT INTO|UPDATE|DELETE FROM) /#
        for file in try SourceTree.swiftFiles("Sources")
        where !file.path.hasPrefix("Sources/Storage/Relational")
            // A driver asks its own engine how it does; that names no table of ours.
            && !file.path.hasPrefix("Sources/Storage/Postgres")
        {
            #expect(file.text.firstMatch(of: sql) == nil, "\(file.path) holds SQL")
        }
    }

    @Test func bannedWordsStandInNoTypeName() throws {
        let declaration = /\b(?:struct|class|enum|actor|protocol) (\w*(?:Manager|Helper|Util|Common|Impl))\b/
        for file in try SourceTree.swiftFiles("Sources") {
            if let match = file.text.firstMatch(of: declaration) {
                Issue.record("\(file.path) declares \(match.1)")
            }
        }
    }

    @Test func nothingIsForcedOrLeftForLater() throws {
        let pattern = #/\btry!|\bas! |\bfatalError\(|\bprint\(|\b(?:TODO|FIXME|XXX|HACK)\b/#
        for file in try SourceTree.swiftFiles("Sources") {
            if let match = file.text.firstMatch(of: pattern) {
                Issue.record("\(file.path) has \(match.0)")
            }
        }
    }

    /// Foundation's `Process` crashes where many files are open: see `ChildProcess`.
    @Test func testsStartProgramsAsChildProcesses() throws {
        for file in try SourceTree.swiftFiles("Tests") where file.text.contains(#/\bProcess\(\)/#) {
            Issue.record("\(file.path) starts a Process, not a ChildProcess")
        }
    }

    /// Each claim the compiler cannot check must be argued for where it is made.
    @Test func uncheckedConcurrencyClaimsAreExplained() throws {
        for file in try SourceTree.swiftFiles("Sources") {
            let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
            for (index, line) in lines.enumerated()
            where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
                let before = lines[max(0, index - 6)..<index]
                #expect(
                    before.contains { $0.contains("//") } || line.contains("//"),
                    "\(file.path):\(index + 1) gives no proof")
            }
        }
    }
}
