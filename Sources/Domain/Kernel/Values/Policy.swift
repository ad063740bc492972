/// What a member of a team may be.
package enum Role: String, Sendable, Codable, CaseIterable {
    case owner, admin, member, viewer
}

/// Everything that can be allowed or refused.
package enum Action: String, Sendable, CaseIterable {
    case readTeam, inviteUser, changeRole, removeUser
    case readVideo, uploadVideo, editOwnVideo, editAnyVideo
    case readChat, sendMessage, createRoom, moderateChat
    case commentOnVideo, moderateComments, approveVideo, shareVideo
    case readFeed
    case createPoll, vote
}

/// The one table of who may do what; what is not in it is refused.
package enum Policy {
    private static let viewer: Set<Action> = [.readTeam, .readVideo, .readChat, .readFeed, .vote]
    private static let member: Set<Action> = viewer.union([
        .uploadVideo, .editOwnVideo, .sendMessage, .createRoom, .commentOnVideo, .approveVideo, .shareVideo,
        .createPoll,
    ])
    private static let admin: Set<Action> = member.union([
        .editAnyVideo, .inviteUser, .changeRole, .removeUser, .moderateChat, .moderateComments,
    ])

    package static func allows(_ role: Role, _ action: Action) -> Bool {
        switch role {
        case .owner: true
        case .admin: admin.contains(action)
        case .member: member.contains(action)
        case .viewer: viewer.contains(action)
        }
    }
}

/// Who asks: the verified subject of one request.
package struct Caller: Sendable, Equatable {
    package let tenant: TenantID
    package let user: UserID
    package let role: Role
    /// W3C `traceparent` of the request, for the events that it causes.
    package var traceParent: String?

    package init(tenant: TenantID, user: UserID, role: Role, traceParent: String? = nil) {
        self.tenant = tenant
        self.user = user
        self.role = role
        self.traceParent = traceParent
    }

    package func allows(_ action: Action) -> Bool { Policy.allows(role, action) }

    /// Throws `forbidden` unless the policy allows it.
    package func require(_ action: Action) throws(Failure) {
        guard allows(action) else {
            throw Failure(.forbidden, "forbidden", "Your role (\(role.rawValue)) does not allow this.")
        }
    }
}
