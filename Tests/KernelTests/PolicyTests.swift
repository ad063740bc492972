import Kernel
import Testing

/// Who may do what, in full: a new role or action must be added here by hand.
@Suite struct PolicyTests {
    private static let matrix: [Action: [Role: Bool]] = [
        .readTeam: [.owner: true, .admin: true, .member: true, .viewer: true],
        .inviteUser: [.owner: true, .admin: true, .member: false, .viewer: false],
        .changeRole: [.owner: true, .admin: true, .member: false, .viewer: false],
        .removeUser: [.owner: true, .admin: true, .member: false, .viewer: false],
        .readVideo: [.owner: true, .admin: true, .member: true, .viewer: true],
        .uploadVideo: [.owner: true, .admin: true, .member: true, .viewer: false],
        .editOwnVideo: [.owner: true, .admin: true, .member: true, .viewer: false],
        .editAnyVideo: [.owner: true, .admin: true, .member: false, .viewer: false],
        .readChat: [.owner: true, .admin: true, .member: true, .viewer: true],
        .sendMessage: [.owner: true, .admin: true, .member: true, .viewer: false],
        .createRoom: [.owner: true, .admin: true, .member: true, .viewer: false],
        .moderateChat: [.owner: true, .admin: true, .member: false, .viewer: false],
        .commentOnVideo: [.owner: true, .admin: true, .member: true, .viewer: false],
        .moderateComments: [.owner: true, .admin: true, .member: false, .viewer: false],
        .approveVideo: [.owner: true, .admin: true, .member: true, .viewer: false],
        .shareVideo: [.owner: true, .admin: true, .member: true, .viewer: false],
        .readFeed: [.owner: true, .admin: true, .member: true, .viewer: true],
        .createPoll: [.owner: true, .admin: true, .member: true, .viewer: false],
        .vote: [.owner: true, .admin: true, .member: true, .viewer: true],
    ]

    @Test(arguments: Role.allCases, Action.allCases)
    func `each role may do exactly what the table says`(_ role: Role, _ action: Action) throws {
        let expected = try #require(Self.matrix[action]?[role] as Bool?)
        #expect(Policy.allows(role, action) == expected)
        let caller = Caller(tenant: TenantID(), user: UserID(), role: role)
        #expect(caller.allows(action) == expected)
        guard !expected else { return try caller.require(action) }
        let refusal = #expect(throws: Failure.self) { try caller.require(action) }
        #expect(refusal?.kind == .forbidden)
        #expect(refusal?.code == "forbidden")
    }

    @Test func `each role may do what the one below it may`() {
        let ranks: [Role] = [.viewer, .member, .admin, .owner]
        for (lower, higher) in zip(ranks, ranks.dropFirst()) {
            for action in Action.allCases where Policy.allows(lower, action) {
                #expect(Policy.allows(higher, action))
            }
        }
    }

    @Test func `roles have stable names`() {
        #expect(Role.allCases.map(\.rawValue) == ["owner", "admin", "member", "viewer"])
    }
}
