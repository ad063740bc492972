import Kernel
import Search
import Testing

/// What every `SearchIndex` promises of finding, asked through the search that stands over it.
@Suite struct SearchIndexContract {
    @Test(arguments: SearchIndexAdapter.all)
    func `exact comes before phrase, words, beginnings and typos, and the newest first among equals`(
        _ adapter: SearchIndexAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            let ranked = [
                "Big duck", "BIG DÜCK!", "the big duck swims", "a big duck", "duck, rather big",
                "biggest ducks",
                "a bigger duckling", "big dock", "bog luck",
            ]
            // Shuffled against rank, and the later of two equals last.
            for title in ranked.reversed() { try await stage.put(caller, title) }
            try await stage.put(caller, "big", "duck", "unrelated", "digger")
            #expect(try await stage.titles(caller, "big duck") == ["Big duck", "BIG DÜCK!"] + ranked[2...7])
            #expect(try await stage.titles(caller, "\"big duck\"") == Array(ranked[0...3]))
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `one typo is found, two are not`(_ adapter: SearchIndexAdapter) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            try await stage.put(caller, "Quarterly review", "Film night", "Fin")
            for typo in ["qarterly", "quarterlyy", "quarterky", "quatrerly", "uarterly", "quarterl"] {
                #expect(try await stage.titles(caller, typo) == ["Quarterly review"], "\(typo)")
            }
            for typo in ["flim", "fllm", "filn", "ffilm", "ilm"] {
                let expected = typo == "ilm" ? [] : ["Film night"]
                #expect(try await stage.titles(caller, typo) == expected, "\(typo)")
            }
            for typo in ["qaurtelry", "quart-erly", "kwarterly", "fn", "fim"] where typo != "fim" {
                #expect(try await stage.titles(caller, typo) == [], "\(typo)")
            }
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `case, accents, width and scripts without spaces are no obstacle`(
        _ adapter: SearchIndexAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            try await stage.put(
                caller, "Ångström & STRASSE", "会議の資料", "Ｆｕｌｌ ｗｉｄｔｈ", "Релиз Ёлка", "Go 🚀", "A b")
            for (text, title) in [
                ("angstrom", "Ångström & STRASSE"), ("Straße", "Ångström & STRASSE"), ("資料", "会議の資料"),
                ("の", "会議の資料"), ("full", "Ｆｕｌｌ ｗｉｄｔｈ"), ("елка", "Релиз Ёлка"), ("РЕЛИ*", "Релиз Ёлка"),
                ("🚀", "Go 🚀"), ("b", "A b"), ("\"a b\"", "A b"),
            ] {
                #expect(try await stage.titles(caller, text) == [title], "\(text)")
            }
            #expect(try await stage.titles(caller, "資会") == [])
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `a tenant finds nothing of another`(_ adapter: SearchIndexAdapter) async throws {
        try await adapter.run { stage async throws in
            let (mine, theirs) = (try await stage.caller(), try await stage.caller())
            try await stage.put(mine, "Secret plans")
            try await stage.put(theirs, "Open plans")
            #expect(try await stage.titles(mine, "plans") == ["Secret plans"])
            #expect(try await stage.titles(theirs, "plans") == ["Open plans"])
            for text in ["secret", "sercet", "secr*", "\"secret plans\"", "kind:video secret"] {
                #expect(try await stage.titles(theirs, text) == [], "\(text)")
            }
            #expect(try await stage.titles(theirs, "kind:video") == ["Open plans"])
            let clues = Typo.clues(of: "secret")
            #expect(try await stage.index.words(withClues: clues, limit: 9, in: theirs.tenant) == [])
            #expect(try await stage.index.words(withClues: clues, limit: 9, in: mine.tenant) == ["secret"])
            #expect(try await stage.index.keys(after: nil, limit: 9, in: theirs.tenant).count == 1)
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `filters narrow by kind, author, room and time`(_ adapter: SearchIndexAdapter) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            let room = UUIDv7()
            // The past, told by ids alone.
            func id(_ hours: Int64) -> UUIDv7 {
                UUIDv7(high: UInt64(1_767_225_600_000 + hours * 3_600_000) << 16 | 0x7000, low: 1 << 63)
            }
            let documents = [
                SearchDocument(DocumentKey(.video, id(0)), title: "cut one", author: caller.user),
                SearchDocument(DocumentKey(.video, id(24)), title: "cut two", room: room),
                SearchDocument(DocumentKey(.person, id(48)), title: "cut three", author: UserID()),
            ]
            for document in documents.reversed() { try await stage.put(caller, document) }
            for (text, expected) in [
                ("cut", ["cut three", "cut two", "cut one"]), ("cut kind:person", ["cut three"]),
                ("cut author:me", ["cut one"]), ("room:\(room)", ["cut two"]),
                ("cut after:2026-01-02", ["cut three", "cut two"]),
                ("cut before:2026-01-02", ["cut one"]),
                ("after:2026-01-01 before:2026-01-03", ["cut two", "cut one"]),
                ("cut after:2026-01-03 before:2026-01-02", []), ("kind:video", ["cut two", "cut one"]),
                ("kind:video kind:person", []),
            ] {
                #expect(try await stage.titles(caller, text) == expected, "\(text)")
            }
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `documents for a circle are found by those in it`(_ adapter: SearchIndexAdapter) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            let circle = UUIDv7()
            let key = DocumentKey(.video, UUIDv7())
            try await stage.put(caller, SearchDocument(key, title: "private duck", audience: circle))
            try await stage.put(caller, "public duck")
            for text in ["duck", "kind:video"] {
                #expect(try await stage.titles(caller, text) == ["public duck"])
                #expect(try await stage.titles(caller, text, circles: [UUIDv7()]) == ["public duck"])
                #expect(
                    try await stage.titles(caller, text, circles: [UUIDv7(), circle]) == [
                        "public duck", "private duck",
                    ])
            }
        }
    }

    @Test(arguments: SearchIndexAdapter.all)
    func `pages follow each other through all ranks without gap or double`(
        _ adapter: SearchIndexAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            var titles: [String] = []
            for number in 0..<40 {
                titles.append(["duck", "a duck", "ducks", "dock"][number % 4] + " \(number)")
                try await stage.put(caller, titles[number])
            }
            let searching = Searching(index: stage.index)
            var request = Searching.Request("duck")
            request.limit = 7
            var seen: [String] = []
            var pages = 0
            repeat {
                let page = try await searching.find(request, by: caller)
                #expect(page.hits.count == 7 || page.next == nil)
                seen += page.hits.map(\.document.title)
                request.cursor = page.next
                pages += 1
            } while request.cursor != nil
            #expect(pages == 6)
            let whole = titles.enumerated().filter { $0.offset % 4 < 2 }.map(\.element)
            let others = [2, 3].flatMap { part in
                titles.enumerated().filter { $0.offset % 4 == part }.map(\.element).reversed()
            }
            #expect(seen == whole.reversed() + others)
        }
    }

    /// More than are looked at together, so that the best are not among the newest.
    @Test(arguments: SearchIndexAdapter.all)
    func `old documents of a good rank come before many new ones of a lesser`(
        _ adapter: SearchIndexAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            try await stage.put(caller, "duck", "a duck", "the dock")
            for number in 0..<30 { try await stage.put(caller, "ducks \(number)") }
            let searching = Searching(index: stage.index)
            var request = Searching.Request("duck")
            request.limit = 4
            let first = try await searching.find(request, by: caller)
            #expect(first.hits.map(\.document.title) == ["duck", "a duck", "ducks 29", "ducks 28"])
            #expect(first.hits.map(\.rank) == [.exact, .phrase, .prefix, .prefix])
            request.cursor = first.next
            let second = try await searching.find(request, by: caller).hits.map(\.document.title)
            #expect(second == (24...27).reversed().map { "ducks \($0)" })
            request.cursor = nil
            request.limit = 100
            let all = try await searching.find(request, by: caller).hits
            #expect(all.count == 33 && all.last?.document.title == "the dock" && all.last?.rank == .fuzzy)
        }
    }

    private static let hostile = [
        "\"", "\"\"\"", "a\" OR \"b", "NEAR(a b, 2)", "folded : x", "*", "^x", "{a b}: c", "-x",
        "' OR 1=1 --",
        "%_%", "\\", "\u{0}", "a\u{0}b", "|;|", "$1 ?1", "<>", "🚀\u{200D}", "\u{FFFF}\u{10FFFF}",
        String(repeating: "🇩🇪", count: 100), String(repeating: "a", count: 256), "\u{E000}\u{E001}",
    ]

    @Test(arguments: SearchIndexAdapter.all)
    func `nothing that somebody types harms`(_ adapter: SearchIndexAdapter) async throws {
        try await adapter.run { stage async throws in
            let caller = try await stage.caller()
            try await stage.put(caller, "harmless")
            for text in Self.hostile {
                try await stage.put(caller, text)
                do {
                    _ = try await stage.titles(caller, text)
                } catch let failure as Failure where failure.code == "invalid_request" {}
            }
            #expect(try await stage.titles(caller, "harmless") == ["harmless"])
        }
    }
}
