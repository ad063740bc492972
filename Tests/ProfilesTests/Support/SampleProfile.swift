import Foundation

@testable import Profiles

/// A valid profile with every required key and no optional one, and ways to break it.
enum SampleProfile {
    static let file = "profiles/sample.yaml"

    static let text = """
        profile: seed
        roles: [api, chat, worker, projector, scheduler, relay]

        directory:
          region: local
          shard: 0

        http:
          host: 127.0.0.1
          port: 8080
          publicURL: http://127.0.0.1:8080
          web: web
          schemas: schemas
          maximumBodyBytes: 256KiB
          maximumHeaderBytes: 16KiB
          requestDeadline: 30s
          idleTimeout: 60s
          maximumConnections: 10000
          maximumRequestsInFlight: 2000
          drainDeadline: 25s
          allowedOrigins: []

        admin:
          host: 127.0.0.1
          port: 8081

        relational:
          sqlite:
            path: data/cloudstream.sqlite
            readers: 4
            maximumBatch: 512
            maximumQueue: 10000
            busyTimeout: 5s
            statementDeadline: 10s

        objects:
          files:
            path: data/objects
            signingKey: file:data/secrets/object-signing.key
            maximumTransfers: 256
            minimumFreeBytes: 1GiB

        events:
          inProcess:
            partitions: 8
            pollInterval: 250ms
            batch: 256
            lease: 15s
            retention: 30d
          consumer:
            maximumAttempts: 8
            firstDelay: 200ms
            maximumDelay: 30s
            handlerDeadline: 30s

        jobs:
          table:
            lease: 30s
            pollInterval: 250ms
            maximumAttempts: 5
            firstDelay: 1s
            maximumDelay: 2m

        cache:
          memory:
            maximumEntries: 100000
            maximumBytes: 64MiB

        pubsub:
          memory:
            maximumChannels: 100000

        rateLimits:
          memory:
            maximumKeys: 100000

        identity:
          issuer: http://127.0.0.1:8080
          audience: cloudstream
          tokenKey: file:data/secrets/token-signing.key
          accessTokenLifetime: 15m
          refreshTokenLifetime: 30d
          invitationLifetime: 7d
          verifiedTokenCache: 10000
          passwordHash:
            scryptRounds: 16384
            concurrent: 2
          signInAttempts:
            perMinute: 20

        uploads:
          partBytes: 8MiB
          maximumParts: 10000
          maximumBytes: 20GiB
          tenantBytes: 200GiB
          lifetime: 24h
          partURLLifetime: 6h
          maximumOpenPerTenant: 100

        media:
          libav:
            scratch: data/scratch
            concurrentJobs: 1
            threadsPerEncoder: 2
            preset: veryfast
            segmentSeconds: 4
            maximumDuration: 6h
            maximumPixels: 8192x8192
            memory: 4GiB
            fileBytes: 2GiB
            stall: 60s
            deadline: 24h
            minimumConfinement: limits

        playback:
          signingKey: file:data/secrets/playback-signing.key
          lifetime: 6h

        telemetry:
          logLevel: info

        scheduler:
          expireUploads: 30s
          removeExpired: 10m

        """

    /// The text with each `old` replaced by `new`. A part that is not there would make a test prove nothing.
    static func edited(_ edits: [(old: String, new: String)]) throws -> String {
        try edits.reduce(text) { text, edit in
            guard text.contains(edit.old) else { throw NoSuchText(text: edit.old) }
            return text.replacing(edit.old, with: edit.new, maxReplacements: 1)
        }
    }

    struct NoSuchText: Error {
        let text: String
    }

    static func decode(
        _ text: String = text, overrides: [String] = [], roles: [ProcessRole]? = nil,
        environment: [String: String]? = nil
    ) throws(ProfileProblems) -> LoadedProfile {
        try ProfileLoader.decode(
            text, file: file, overrides: overrides, roles: roles, environment: environment)
    }

    /// What is printed for a profile that is refused.
    static func complaint(
        _ text: String = text, overrides: [String] = [], roles: [ProcessRole]? = nil,
        environment: [String: String]? = nil
    ) -> String {
        do throws(ProfileProblems) {
            _ = try decode(text, overrides: overrides, roles: roles, environment: environment)
            return "accepted"
        } catch {
            return error.description
        }
    }
}
