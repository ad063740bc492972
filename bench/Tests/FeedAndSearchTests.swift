import Foundation
import Kernel
import Search
import Synchronization
import Testing

@testable import bench

/// Load at fixed times.
@Suite struct OpenLoopTests {
    @Test func `all clients together ask at an even pace`() {
        let loop = OpenLoop(clients: 3, rate: 100, duration: .milliseconds(100))
        let dues = (0..<3).map(loop.dues)
        #expect(dues.map(\.count) == [4, 3, 3])
        #expect(dues[1] == [.milliseconds(10), .milliseconds(40), .milliseconds(70)])
        #expect(dues.joined().sorted() == (0..<10).map { Duration.milliseconds($0 * 10) })
    }

    @Test func `a server that stands still is late with all that was due meanwhile`() async throws {
        let server = try MemoryServer(body: Array("{}".utf8))
        defer { server.stop() }
        let loop = OpenLoop(clients: 1, rate: 100, duration: .milliseconds(200))
        let pause = 0.1
        let first = FirstCall()
        let latencies = try await loop.latencies(port: server.port) { client, _ in
            if first.isFirst { Thread.sleep(forTimeInterval: pause) }
            guard try client.ask("GET", "/").body == Array("{}".utf8) else { throw RunFailure("no answer") }
        }
        #expect(latencies.count == 20)
        #expect(
            latencies.count { $0 >= pause / 2 } >= 5, "those due in its first half wait for the rest of it")
    }

    @Test func `a percentile is a value that was there`() {
        let values = (1...200).map(Double.init).shuffled()
        #expect(Stats.percentile(0.99, of: values) == 198)
        #expect(Stats.percentile(0.5, of: values) == 100)
        #expect(Stats.percentile(1, of: [3]) == 3)
        #expect(Stats.percentile(0.5, of: []) == nil)
    }
}

private final class FirstCall: Sendable {
    private let calls = Atomic(0)

    var isFirst: Bool { calls.add(1, ordering: .relaxed).oldValue == 0 }
}

/// Messages that are made up.
@Suite struct MessageCorpusTests {
    private let corpus = MessageCorpus(count: 3_000)

    @Test func `a message is the same whenever it is made, and no two have an id in common`() {
        let again = MessageCorpus(count: 3_000)
        #expect((0..<50).allSatisfy { corpus.message($0 * 60) == again.message($0 * 60) })
        let messages = (0..<corpus.count).map(corpus.message)
        #expect(Set(messages.map(\.id)).count == messages.count)
        #expect(messages.map(\.id.timestamp) == messages.map(\.id.timestamp).sorted())
    }

    @Test func `few words are most of what is said`() {
        let words = (0..<corpus.count).flatMap { FoldedText(corpus.message($0).text).words.map(\.text) }
        let counts = words.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }.values.sorted(by: >)
        #expect(counts.count > 3_000)
        let share = Double(counts.prefix(100).reduce(0, +)) / Double(words.count)
        #expect((0.2...0.7).contains(share))
    }

    @Test func `each kind is asked as often, and what is asked can be understood`() throws {
        let mix = SearchMix(corpus, ofEachKind: 4)
        let asker = UserID()
        #expect(mix.questions.count == 4 * SearchMix.Kind.allCases.count)
        for question in mix.questions {
            let query = try SearchQuery(question.text, by: asker)
            #expect(query.terms.count == 1, "\(question.text)")
            #expect((query.filter.room != nil) == (question.kind == .room))
            #expect((query.filter.author != nil) == (question.kind == .author))
            #expect((query.filter.from != nil) == (question.kind == .time))
            #expect(question.plain.pieces.allSatisfy { $0.unicodeScalars.count >= 3 })
        }
    }

    @Test func `a mistyped word is one slip away`() {
        var random = SplitMix(state: 5)
        for word in ["abcd", "aabb", "aaaaa", "quarterly", "слово"] {
            for _ in 0..<20 {
                let typed = SearchMix.mistyped(word, &random)
                #expect(Typo.separates(typed, word), "\(typed)")
            }
        }
    }

    @Test func `the plain table finds what the product finds`() async throws {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUIDv7())")
        // What stays lies where temporary files lie.
        defer { try? FileManager.default.removeItem(at: scratch) }
        let corpus = MessageCorpus(count: 600)
        let stock = MessageStock(scratch)
        try await stock.fill(corpus)
        let searching = try await stock.searching()
        let caller = Caller(tenant: MessageStock.tenant, user: UserID(), role: .member)
        let path = await stock.plainPath
        for question in SearchMix(corpus, ofEachKind: 6).questions {
            var request = Searching.Request(question.text)
            request.limit = 100
            let found = try await searching.find(request, by: caller).hits.count
            let plain = try PlainSearch(path: path).find(question.plain, limit: 100).rows
            // Neighbours of a word beside the one that was meant are the product's alone.
            #expect(found >= plain, "\(question.text)")
            if question.kind == .phrase || question.kind == .prefix { #expect(found == plain) }
        }
        await stock.close()
    }
}
