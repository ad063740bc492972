import Foundation
import Kernel
import Relational
import SQLite
import Search

/// A team looks for what was said among all its messages: the product's search, from the text that somebody types to
/// hits with their marks, against one query of a plain table by the C library that finds the same messages unranked.
///
/// HTTP is left out on both sides. Each asks one question after the other; both read their files through caches of the
/// same size, and what they ask first counts for nothing.
struct MessageSearch: Scenario {
    let name = "search"
    private let corpus: MessageCorpus
    private let mix: SearchMix
    private let stock: MessageStock

    private static let page = 20
    private static let ofEachKind = 50
    private static let ours = "search", plain = "plain FTS5"

    init(scratch: Scratch, messages: Int) {
        corpus = MessageCorpus(count: messages)
        mix = SearchMix(corpus, ofEachKind: Self.ofEachKind)
        stock = MessageStock(scratch.root.appending(path: "search"))
    }

    func prepare() async throws { try await stock.fill(corpus) }

    func finish() async { await stock.close() }

    var arms: [Arm] {
        [Arm(name: Self.ours, run: search), Arm(name: Self.plain, run: searchPlainly)]
    }

    var rows: [Row] {
        [
            Row(
                id: "search.p99",
                title: "99th percentile, search of \(corpus.count) messages: product / plain FTS5 by C",
                value: .ratio(Self.ours, Self.plain, .latency99)),
            Row(
                id: "search.median", title: "median of the same searches: product / plain FTS5 by C",
                value: .ratio(Self.ours, Self.plain, .latency50)),
            Row(
                id: "search.latency", title: "99th percentile of the product's searches",
                value: .absolute(.init(arm: Self.ours, measure: .latency99), .seconds)),
        ]
            + SearchMix.Kind.allCases.map { kind in
                Row(
                    id: "search.\(kind.rawValue)",
                    title: "90th percentile, \(kind.title): product / plain FTS5 by C",
                    value: .ratio(Self.ours, Self.plain, kind.measure))
            }
    }

    private func search() async throws -> Reading {
        let searching = try await stock.searching()
        let caller = Caller(tenant: MessageStock.tenant, user: UserID(), role: .member)
        var latencies: [SearchMix.Kind: [Double]] = [:]
        var found = 0
        for (isCounted, question) in mix.withWarmUp {
            var request = Searching.Request(question.text)
            request.limit = Self.page
            let start = ContinuousClock.now
            let results = try await searching.find(request, by: caller)
            guard isCounted else { continue }
            latencies[question.kind, default: []].append((ContinuousClock.now - start) / .seconds(1))
            found += results.hits.count
        }
        return try Self.reading(latencies, found)
    }

    private func searchPlainly() async throws -> Reading {
        let path = await stock.plainPath
        return try await onThread { [mix] in
            let plain = try PlainSearch(path: path)
            var latencies: [SearchMix.Kind: [Double]] = [:]
            var found = 0
            for (isCounted, question) in mix.withWarmUp {
                let start = ContinuousClock.now
                // As the product does, one more than is shown: is there a next page?
                let results = try plain.find(question.plain, limit: Self.page + 1)
                guard isCounted else { continue }
                latencies[question.kind, default: []].append((ContinuousClock.now - start) / .seconds(1))
                found += results.rows
            }
            return try Self.reading(latencies, found)
        }
    }

    private static func reading(_ latencies: [SearchMix.Kind: [Double]], _ found: Int) throws -> Reading {
        let all = latencies.values.flatMap { $0 }
        guard found > all.count, let median = Stats.percentile(0.5, of: all),
            let most = Stats.percentile(0.99, of: all)
        else { throw RunFailure("\(all.count) searches found \(found) messages") }
        var reading: Reading = [.latency50: median, .latency99: most]
        for (kind, latencies) in latencies { reading[kind.measure] = Stats.percentile(0.9, of: latencies) }
        return reading
    }
}

extension SearchMix {
    /// Some of all kinds first, which do not count.
    fileprivate var withWarmUp: [(isCounted: Bool, question: Question)] {
        questions.suffix(Kind.allCases.count * 5).map { (false, $0) } + questions.map { (true, $0) }
    }
}

extension SearchMix.Kind {
    fileprivate var title: String {
        switch self {
        case .rare: "a rare word"
        case .common: "a frequent word"
        case .prefix: "the beginning of a word"
        case .phrase: "two words side by side"
        case .typo: "a mistyped word"
        case .room: "a frequent word in a room"
        case .author: "a frequent word of an author"
        case .time: "a frequent word in a month"
        }
    }

    fileprivate var measure: Measure {
        switch self {
        case .rare: .rare
        case .common: .common
        case .prefix: .prefix
        case .phrase: .phrase
        case .typo: .typo
        case .room: .room
        case .author: .author
        case .time: .time
        }
    }
}
