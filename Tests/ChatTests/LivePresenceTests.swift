import Chat
import Kernel
import Testing

@Suite struct LivePresenceTests {
    let ann = UserID()
    let bob = UserID()
    let node = UUIDv7()
    let other = UUIDv7()

    @Test func `somebody with two connections is one person, gone with the second`() {
        var presence = RoomPresence()
        #expect(presence.entered(ann) == true)
        #expect(presence.entered(ann) == false)
        #expect(presence.all.count == 1)
        #expect(presence.left(ann) == false)
        #expect(presence.left(ann) == true)
        #expect(presence.left(ann) == false)
        #expect(presence.all.count == 0)
    }

    @Test func `people on several nodes count once, and go with a node that falls silent`() {
        var presence = RoomPresence()
        _ = presence.entered(ann)
        #expect(presence.heard(.init(users: [ann, bob], count: 2), of: node, until: .seconds(30)) == true)
        #expect(presence.heard(.init(users: [ann, bob], count: 2), of: node, until: .seconds(40)) == false)
        #expect(
            presence.all == .init(users: [ann, bob].sorted { $0.description < $1.description }, count: 2))
        #expect(presence.expire(at: .seconds(39)) == false)
        #expect(presence.expire(at: .seconds(40)) == true)
        #expect(presence.all.count == 1)
        _ = presence.heard(.init(users: [bob], count: 1), of: other, until: .seconds(90))
        #expect(presence.heard(.init(users: [], count: 0), of: other, until: .seconds(90)) == true)
        #expect(presence.all.count == 1)
    }

    @Test func `a crowd is named in part and counted whole, and so are nodes`() {
        var presence = RoomPresence(nodes: 2)
        for _ in 0..<150 { _ = presence.entered(UserID()) }
        #expect(presence.own.users.count == 100 && presence.own.count == 150)
        _ = presence.heard(.init(users: [ann], count: 500), of: node, until: .seconds(30))
        #expect(presence.all.users.count == 100)
        #expect(presence.all.count == 650)
        #expect(presence.heard(.init(users: [bob], count: 1), of: other, until: .seconds(30)) == true)
        #expect(
            presence.heard(.init(users: [UserID()], count: 1), of: UUIDv7(), until: .seconds(30)) == false)
    }
}
