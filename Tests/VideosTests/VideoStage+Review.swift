import Crypto
import Kernel
import Memory
import Relational
import Security
import TestDatabase
import Testing

@testable import Videos

extension VideoStage {
    /// Somebody else of the owner's team.
    func member(_ role: Role = .member) -> Caller { Caller(tenant: owner.tenant, user: UserID(), role: role) }

    /// Types of what was told since the last time, which the reactions have seen now.
    func told() async throws -> [String] { try await react().map(\.type) }

    var reviewStore: any ReviewStore { RelationalReviewStore(database) }

    var reviews: Reviews {
        reviews(MemoryRateLimiter(now: { [clock] in clock.now }))
    }

    func reviews(_ limiter: any RateLimiter, changesPerMinute: Int = 1_000) -> Reviews {
        Reviews(
            store: reviewStore, notices: notices, limiter: limiter, changesPerMinute: changesPerMinute,
            now: { [clock] in clock.now })
    }

    var tokens: HMACShareTokens {
        HMACShareTokens(secret: SymmetricKey(data: Array("a key for these tests, long enough".utf8)))
    }

    var shares: Shares {
        let hasher = ScryptPasswordHasher(rounds: 16, concurrent: 1)
        return Shares(
            store: reviewStore, reviews: reviews, tokens: tokens,
            passwords: .init(
                hash: { try await hasher.hash($0) }, verify: { try await hasher.verify($0, against: $1) }),
            now: { [clock] in clock.now })
    }

    func upload(versionOf earlier: VideoID) async throws -> Video {
        let announced = try await library.announce(.sample(), versionOf: earlier, by: owner, nil)
        return try await complete(announced, send(announced))
    }
}
