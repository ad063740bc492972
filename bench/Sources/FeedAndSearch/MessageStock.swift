import Foundation
import Kernel
import Relational
import SQLite
import Search

/// The files with all messages, the product's and the plain one; they stay for all rounds.
actor MessageStock {
    static let tenant = TenantID(UUIDv7(high: 0x0198_0000_0002_7000, low: 1 << 63))
    private static let ofOneCommit = 512

    private let folder: URL
    private var driver: SQLiteDriver?

    init(_ folder: URL) { self.folder = folder }

    var plainPath: String { folder.appending(path: "plain.sqlite").plainPath }

    func searching() throws -> Searching {
        guard let driver else { throw RunFailure("there are no messages") }
        return Searching(index: RelationalSearchIndex(Database(driver: driver)))
    }

    /// Both at once, which takes minutes.
    func fill(_ corpus: MessageCorpus) async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let driver = try SQLiteDriver(.init(path: folder.appending(path: "product.sqlite").plainPath))
        self.driver = driver
        let path = plainPath
        async let plain: Void = onThread {
            try PlainSearch(path: path).fill(corpus, rowsPerCommit: Self.ofOneCommit)
        }
        _ = try await Migrator(driver: driver).migrate()
        let index = RelationalSearchIndex(Database(driver: driver))
        for start in stride(from: 0, to: corpus.count, by: Self.ofOneCommit) {
            let places = start..<min(start + Self.ofOneCommit, corpus.count)
            try await index.add(places.map { corpus.message($0).document }, in: Self.tenant)
        }
        try await plain
    }

    func close() async {
        await driver?.close()
        driver = nil
    }
}
