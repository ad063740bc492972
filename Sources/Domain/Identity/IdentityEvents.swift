package import Kernel

package struct TenantCreated: EventPayload, Equatable {
    package static let type = "tenant.created"
    package static let version = 1
    package let name: String
    package let region: String
    package let owner: UserID
}

package struct UserJoined: EventPayload, Equatable {
    package static let type = "user.joined"
    package static let version = 1
    package let user: UserID
    package let role: Role
}

/// A person's name is another; what it is now stands with the person.
package struct UserRenamed: EventPayload, Equatable {
    package static let type = "user.renamed"
    package static let version = 1
    package let user: UserID
}

/// A person has another password, and no session but the one that changed it.
package struct PasswordChanged: EventPayload, Equatable {
    package static let type = "password.changed"
    package static let version = 1
    package let user: UserID
}

package struct UserRemoved: EventPayload, Equatable {
    package static let type = "user.removed"
    package static let version = 1
    package let user: UserID
    package let by: UserID
}
