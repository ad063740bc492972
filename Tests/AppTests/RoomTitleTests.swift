import Chat
import Foundation
import Kernel
import Memory
import Relational
import Synchronization
import TestDatabase
import Testing

@testable import App

/// What a room is called beside its video.
@Suite struct RoomTitleTests {
    @Test func `a video's room has its title of now, however late old ones are told`() async throws {
        try await TestDatabase.with { file async throws in
            let (tenant, video, store) = (TenantID(), UUIDv7(), RelationalChatStore(file.database()))
            let title = Mutex("A")
            let neighbours = RoomNeighbours { _, _ in
                title.withLock { $0 }
            } people: { users, _ in
                Set(users)
            }
            let reactions = RoomReactions(
                store: store, notices: RoomNotices(MemoryPubSub()), neighbours: neighbours)
            func tell(_ type: String, _ title: String) async throws -> String? {
                try await reactions.apply(
                    .told(
                        type, at: 1, in: tenant,
                        ["video": "\(video)", "title": title, "bytes": 1, "uploadedBy": "\(UserID())"]))
                return try await store.read(tenant) { try $0.room(RoomID(video))?.title }
            }
            #expect(try await tell("video.uploaded", "A") == "A")
            title.withLock { $0 = "B" }
            #expect(try await tell("video.renamed", "B") == "B")
            #expect(try await tell("video.renamed", "A") == "B")
        }
    }
}

extension Event {
    static func told(
        _ type: String, at time: Int64, in tenant: TenantID, _ payload: [String: Any]
    ) -> Event {
        // A dictionary of strings and numbers always has a form as JSON.
        let data = (try? JSONSerialization.data(withJSONObject: payload)) ?? Data()
        return Event(
            type: type, version: 1, tenant: tenant, key: "key", time: Timestamp(milliseconds: time),
            data: [UInt8](data))
    }
}
