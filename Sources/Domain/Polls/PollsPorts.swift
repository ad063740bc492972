package import Kernel

/// Polls and votes. Bodies run in one transaction and may be run again.
package protocol PollStore: Sendable {
    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any PollReader) throws -> Value
    ) async throws -> Value

    /// As `WriteContext` says: once, with its events, or not at all.
    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any PollWriter) throws -> Value
    ) async throws -> Value
}

/// One tenant's polls, in one snapshot.
package protocol PollReader {
    func poll(_ id: PollID) throws -> Poll?
    /// In the page's order.
    func polls(in room: PlaceID, _ page: PageRequest) throws -> Page<Poll>
    /// How many chose each option; options that nobody chose are absent.
    func votes(on polls: [PollID]) throws -> [PollID: [Int: Int]]
    /// What `user` chose; polls without a vote are absent.
    func choices(of user: UserID, on polls: [PollID]) throws -> [PollID: Int]
}

package protocol PollWriter: PollReader {
    /// The poll, which nobody else changes or holds until this write ends.
    func held(_ id: PollID) throws -> Poll?
    /// Adds or replaces.
    func save(_ poll: Poll) throws
    /// In place of what `user` chose before.
    func saveVote(_ option: Int, of user: UserID, on poll: PollID) throws
    func publish(_ event: some EventPayload, key: String) throws
}
