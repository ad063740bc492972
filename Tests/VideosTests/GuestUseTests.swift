import Crypto
import Kernel
import Memory
import Relational
import Security
import TestDatabase
import Testing

@testable import Videos

/// Links and those who come by them, as the use cases play together.
@Suite struct GuestUseTests {
    @Test func `a guest comes in with the password, watches, comments, and is out when the link is revoked`()
        async throws
    {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            let shares = stage.shares
            let offer = try await shares.create(
                .init(password: "open sesame", allowsComments: true), of: video.id, by: stage.owner, nil)
            #expect(try await shares.preview(offer.token).share.hasPassword)
            for password in [nil, "", "open", "open sesame "] {
                #expect(
                    await failureCode {
                        _ = try await shares.enter(offer.token, password: password, name: nil)
                    }
                        == "password_wrong")
            }
            let entry = try await shares.enter(offer.token, password: "open sesame", name: "Gus")
            #expect(entry.expiresAt == stage.clock.now + GuestPass.lifetime && entry.share.views == 1)
            let guest = try await shares.guest(offer.token, pass: entry.token)
            let comment = try await shares.add(
                .init("Hello <@\(stage.owner.user)>"), by: guest, nil, traceParent: nil)
            #expect(comment.author == .guest(name: "Gus", share: offer.share.id))
            #expect(comment.mentions.isEmpty, "guests call nobody")
            #expect(try await shares.comments(PageRequest(limit: 10), for: guest).items == [comment])
            #expect(try await shares.isOpen(offer.share.id, in: stage.owner.tenant))
            try await shares.revoke(offer.share.id, of: video.id, by: stage.owner, nil)
            try await shares.revoke(offer.share.id, of: video.id, by: stage.owner, nil)
            #expect(await failureCode { _ = try await shares.preview(offer.token) } == "share_ended")
            #expect(
                await failureCode { _ = try await shares.guest(offer.token, pass: entry.token) }
                    == "share_ended")
            #expect(
                await failureCode { _ = try await shares.add(.init("x"), by: guest, nil, traceParent: nil) }
                    == "share_ended", "also of one who was let through a moment before")
            #expect(try await !shares.isOpen(offer.share.id, in: stage.owner.tenant))
            #expect(
                try await stage.told().filter { $0.hasPrefix("share.") } == [
                    "share.created", "share.revoked",
                ])
        }
    }

    @Test func `a pass is good for a day, for its link, and not beyond the link's end`() async throws {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            let shares = stage.shares
            let (long, other) = (
                try await shares.create(.init(), of: video.id, by: stage.owner, nil),
                try await shares.create(.init(), of: video.id, by: stage.owner, nil)
            )
            let short = try await shares.create(
                .init(expiresAt: stage.clock.now + .seconds(60)), of: video.id, by: stage.owner, nil)
            let entry = try await shares.enter(long.token, password: nil, name: nil)
            let brief = try await shares.enter(short.token, password: nil, name: nil)
            #expect(brief.expiresAt == short.share.expiresAt)
            for pass in [nil, "", "x", long.token, brief.token] {
                #expect(
                    await failureCode { _ = try await shares.guest(long.token, pass: pass) }
                        == "unauthenticated")
            }
            #expect(
                await failureCode { _ = try await shares.guest(other.token, pass: entry.token) }
                    == "unauthenticated")
            let guest = try await shares.guest(long.token, pass: entry.token)
            #expect(
                await failureCode { _ = try await shares.add(.init("x"), by: guest, nil, traceParent: nil) }
                    == "forbidden", "a link for watching alone")
            stage.clock.advance(by: GuestPass.lifetime)
            #expect(
                await failureCode { _ = try await shares.guest(long.token, pass: entry.token) }
                    == "unauthenticated")
            #expect(
                await failureCode { _ = try await shares.enter(short.token, password: nil, name: nil) }
                    == "share_ended")
        }
    }

    @Test func `a link of another video, an unknown one and a forged one are one and the same`() async throws
    {
        try await VideoStage.with { stage in
            let (video, other) = (try await stage.upload(), try await stage.upload())
            let shares = stage.shares
            let offer = try await shares.create(.init(), of: video.id, by: stage.owner, nil)
            let unknown = stage.tokens.token(of: .init(tenant: stage.owner.tenant, share: ShareID()))
            let foreign = stage.tokens.token(of: .init(tenant: TenantID(), share: offer.share.id))
            for token in [unknown, foreign, "", "x", offer.token + "A", String(offer.token.dropLast())] {
                #expect(await failureCode { _ = try await shares.preview(token) } == "not_found")
            }
            #expect(
                await failureCode {
                    try await shares.revoke(offer.share.id, of: other.id, by: stage.owner, nil)
                }
                    == "not_found")
            let member = stage.member()
            #expect(
                await failureCode { try await shares.revoke(offer.share.id, of: video.id, by: member, nil) }
                    == "forbidden")
            try await stage.library.delete(video.id, by: stage.owner, nil)
            #expect(await failureCode { _ = try await shares.preview(offer.token) } == "not_found")
        }
    }

    @Test func `a repeated view is counted once and gets the same pass, for as long as that is good`()
        async throws
    {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            let shares = stage.shares
            let offer = try await shares.create(
                .init(password: "open sesame", maximumViews: 1), of: video.id, by: stage.owner, nil)
            func enter(_ key: String?, _ password: String = "open sesame") async throws -> Shares.Entry {
                try await shares.enter(
                    offer.token, password: password, name: "Gus", key.map { OnceKey(scope: "s", key: $0) })
            }
            let first = try await enter("k")
            stage.clock.advance(by: GuestPass.lifetime - .milliseconds(1))
            let again = try await enter("k")
            #expect(again.token == first.token && again.expiresAt == first.expiresAt)
            _ = try await shares.guest(offer.token, pass: again.token)
            for key in [nil, "l"] {
                #expect(await failureCode { _ = try await enter(key) } == "share_ended")
            }
            #expect(await failureCode { _ = try await enter("k", "guess") } == "password_wrong")
            let listed = try await shares.shares(of: video.id, PageRequest(limit: 10), stage.owner)
            #expect(listed.items.map(\.views) == [1])
            stage.clock.advance(by: .milliseconds(1))
            #expect(await failureCode { _ = try await enter("k") } == "unauthenticated")
            try await shares.revoke(offer.share.id, of: video.id, by: stage.owner, nil)
            #expect(await failureCode { _ = try await enter("k") } == "share_ended")
        }
    }

    @Test func `a repeated request makes one link and answers the same token`() async throws {
        try await VideoStage.with { stage in
            let video = try await stage.upload()
            let once = OnceKey(scope: "s", key: "k")
            let first = try await stage.shares.create(.init(), of: video.id, by: stage.owner, once)
            let again = try await stage.shares.create(.init(), of: video.id, by: stage.owner, once)
            #expect(first.token == again.token && first.share == again.share)
            let listed = try await stage.shares.shares(of: video.id, PageRequest(limit: 10), stage.owner)
            #expect(listed.items == [first.share])
        }
    }
}
