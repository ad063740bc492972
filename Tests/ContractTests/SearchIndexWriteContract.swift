import Kernel
import Search
import Synchronization
import Testing

/// What every `SearchIndex` promises of changes, and what the projection makes of it.
@Suite struct SearchIndexWriteContract {
    @Test(arguments: SearchIndexAdapter.all)
    func `a change names the version it was decided on`(_ adapter: SearchIndexAdapter) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            let (index, tenant) = (stage.index, caller.tenant)
            let key = DocumentKey(.video, UUIDv7())
            func put(_ title: String, _ version: Int64) async throws -> Bool {
                try await index.put(SearchDocument(key, title: title), over: version, in: tenant)
            }
            #expect(try await index.version(of: key, in: tenant) == 0)
            #expect(try await put("one", 0))
            #expect(try await index.version(of: key, in: tenant) == 1)
            #expect(try await !put("late", 0))
            #expect(try await put("two", 1))
            #expect(try await !index.remove(key, over: 1, in: tenant))
            #expect(try await stage.titles(caller, "two") == ["two"])
            #expect(try await stage.titles(caller, "one") == [])
            #expect(try await index.remove(key, over: 2, in: tenant))
            #expect(try await index.version(of: key, in: tenant) == 3)
            #expect(try await stage.titles(caller, "two") == [])
            #expect(try await !put("late", 2))
            #expect(try await put("back", 3))
            #expect(try await stage.titles(caller, "back") == ["back"])
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `whoever read a thing before it went cannot bring it back`(_ adapter: SearchIndexAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            let key = DocumentKey(.video, UUIDv7())
            #expect(try await stage.index.remove(key, over: 0, in: caller.tenant))
            let late = SearchDocument(key, title: "ghost")
            #expect(try await !stage.index.put(late, over: 0, in: caller.tenant))
            #expect(try await stage.titles(caller, "ghost") == [])
            #expect(try await stage.index.forgetRemoved(before: .now() - .seconds(60)) == 0)
            #expect(try await stage.index.version(of: key, in: caller.tenant) == 1)
            #expect(try await stage.index.forgetRemoved(before: .now() + .seconds(60)) == 1)
            #expect(try await stage.index.version(of: key, in: caller.tenant) == 0)
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `things made in one moment keep a place each`(_ adapter: SearchIndexAdapter) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            let moment = UInt64(1_767_225_600_000) << 16 | 0x7000
            for number in 1...20 {
                let key = DocumentKey(.video, UUIDv7(high: moment, low: 1 << 63 | UInt64(number)))
                try await stage.put(caller, SearchDocument(key, title: "twin \(number)"))
            }
            #expect(try await Set(stage.titles(caller, "twin")).count == 20)
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `wiping a room forgets what was in it, of all kinds, and nothing else`(_ adapter: SearchIndexAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (caller, other) = (try await stage.caller(), try await stage.caller())
            let rooms = [UUIDv7(), UUIDv7()]
            for (owner, room, title) in [
                (caller, rooms[0], "duck one"), (caller, rooms[1], "duck two"),
                (other, rooms[0], "duck three"),
            ] {
                for kind in [DocumentKind.message, .comment] {
                    try await stage.put(
                        owner,
                        SearchDocument(DocumentKey(kind, UUIDv7()), title: title, room: room))
                }
            }
            try await stage.put(caller, "duck film")
            try await stage.index.wipe(.room(rooms[0]), in: caller.tenant)
            #expect(Set(try await stage.titles(caller, "duck")) == ["duck two", "duck film"])
            #expect(try await stage.titles(other, "duck") == ["duck three", "duck three"])
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `wiping forgets what documents say, of one kind or all`(_ adapter: SearchIndexAdapter) async throws {
        try await adapter.run { stage async throws in
            let (caller, other) = (try await stage.caller(), try await stage.caller())
            let video = try await stage.put(caller, "duck film")[0]
            try await stage.put(caller, "Duck, Donald", kind: .person)
            try await stage.put(other, "duck")
            try await stage.index.wipe(.kind(.person), in: caller.tenant)
            #expect(try await stage.titles(caller, "duck") == ["duck film"])
            try await stage.index.wipe(.all, in: caller.tenant)
            #expect(try await stage.titles(caller, "duck") == [])
            #expect(try await stage.index.keys(after: nil, limit: 9, in: caller.tenant) == [])
            #expect(
                try await stage.index.words(withClues: Typo.clues(of: "duck"), limit: 9, in: caller.tenant)
                    == [])
            #expect(try await stage.index.version(of: video, in: caller.tenant) == 2)
            #expect(try await stage.titles(other, "duck") == ["duck"])
            try await stage.put(caller, SearchDocument(video, title: "duck again"))
            #expect(try await stage.titles(caller, "dukc") == ["duck again"])
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `events in any order, late and twice, leave what the source says`(
        _ adapter: SearchIndexAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            let source = MovingSource()
            let projection = SearchProjection(
                index: stage.index, sources: [source.source],
                subjects: ["changed": { DocumentKey(.video, try #require(UUIDv7($0.key))) }])
            let ids = (0..<4).map { _ in UUIDv7() }
            for id in ids { source.set(id, "first") }
            // Readers of any age beside each other, while the things change.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<24 {
                    let id = ids[round % 4]
                    source.set(id, round % 5 == 4 ? nil : "round \(round)")
                    let event = Event(
                        type: "changed", version: 1, tenant: caller.tenant, key: id.description, data: [])
                    for _ in 0..<2 { group.addTask { try await Self.untilApplied(event, projection) } }
                }
                try await group.waitForAll()
            }
            try await projection.apply(
                Event(type: "other", version: 1, tenant: caller.tenant, key: "?", data: []))
            let found = try await stage.titles(caller, "kind:video")
            #expect(Set(found) == Set(ids.compactMap { source.title($0) }))
        }
    }

    /// As the consumer does with what could not be applied.
    private static func untilApplied(_ event: Event, _ projection: SearchProjection) async throws {
        while true {
            do { return try await projection.apply(event) } catch let failure as Failure
                where failure.isTransient
            {}
        }
    }

    @Test(arguments: SearchIndexAdapter.all, [false, true])
    func `a rebuild loses nothing and leaves nothing that is gone`(
        _ adapter: SearchIndexAdapter, wiping: Bool
    ) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            let source = MovingSource()
            let projection = SearchProjection(index: stage.index, sources: [source.source], subjects: [:])
            let ids = (0..<230).map { _ in UUIDv7() }
            for (number, id) in ids.enumerated() { source.set(id, "clip \(number)") }
            // What events never told: a stale title, and a thing that is gone.
            try await stage.put(caller, SearchDocument(DocumentKey(.video, ids[0]), title: "old title"))
            try await stage.put(caller, "gone clip")
            let progress = try await projection.rebuild(caller.tenant, wiping: wiping)
            #expect(progress.refreshed == ids.count)
            #expect(try await stage.index.keys(after: nil, limit: 999, in: caller.tenant).count == ids.count)
            #expect(try await stage.titles(caller, "gone") == [])
            #expect(try await stage.titles(caller, "\"old title\"") == [])
            #expect(try await stage.titles(caller, "\"clip 229\"") == ["clip 229"])
        }
    }
}

/// A context of a test's own, whose things change while they are indexed.
private final class MovingSource: Sendable {
    private let titles = Mutex<[UUIDv7: String]>([:])

    func set(_ id: UUIDv7, _ title: String?) { titles.withLock { $0[id] = title } }
    func title(_ id: UUIDv7) -> String? { titles.withLock { $0[id] } }

    var source: SearchSource {
        SearchSource(.video) { _, id in
            let title = self.title(id)
            // Others get ahead of what was read.
            await Task.yield()
            return title.map { SearchDocument(DocumentKey(.video, id), title: $0) }
        } ids: { _, page in
            let all = self.titles.withLock { $0.keys.map(\.self) }.sorted {
                ($0.high, $0.low) < ($1.high, $1.low)
            }
            let rest = all.drop { id in page.after.map { (id.high, id.low) <= ($0.high, $0.low) } ?? false }
            return Page(reading: Array(rest.prefix(page.limit + 1)), limit: page.limit) { $0 }
        }
    }
}
