import Testing

@testable import Profiles

/// One broken profile and every word that is said about it.
struct Breakage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let edits: [(old: String, new: String)]
    /// Without the file's name at the head of each line.
    let expected: String

    init(_ name: String, _ edits: [(String, String)], _ expected: String) {
        testDescription = name
        self.edits = edits.map { (old: $0.0, new: $0.1) }
        self.expected = expected
    }
}

@Suite struct BrokenProfileTests {
    @Test("a broken profile is told all its problems at once", arguments: Breakage.all)
    func tellsAll(_ breakage: Breakage) throws {
        let complaint = SampleProfile.complaint(try SampleProfile.edited(breakage.edits))
        #expect(complaint.replacing("\(SampleProfile.file):", with: "") == breakage.expected)
    }
}

extension Breakage {
    static let all: [Breakage] = [
        Breakage(
            "misspelt keys",
            [
                ("  port: 8080", "  prot: 8080"),
                ("    readers: 4", "    raeders: 4"),
            ],
            """
            10:3: http.prot: unknown key; did you mean "port"?
            30:5: relational.sqlite.raeders: unknown key; did you mean "readers"?
            """),
        Breakage(
            "keys of other sections",
            [
                ("  port: 8081", "  port: 8081\n  lease: 30s\n  partBytes: 1MiB")
            ],
            """
            26:3: admin.lease: unknown key here ("lease" belongs to events.inProcess, events.kafka.relay, jobs.table)
            27:3: admin.partBytes: unknown key here ("partBytes" belongs to uploads)
            """),
        Breakage(
            "keys without a likeness",
            [
                ("  region: local", "  region: local\n  colour: red")
            ],
            """
            6:3: directory.colour: unknown key; known here: region, shard, isolation, isolationsOnRequest
            """),
        Breakage(
            "missing keys and sections",
            [
                ("  audience: cloudstream\n", ""),
                ("admin:\n  host: 127.0.0.1\n  port: 8081\n", ""),
            ],
            """
            1:1: admin: missing section
            75:3: identity.audience: missing key
            """),
        Breakage(
            "wrong types",
            [
                ("  port: 8080", "  port: web"),
                ("  region: local", "  region: 5"),
                ("roles: [api, chat, worker, projector, scheduler, relay]", "roles: api"),
                ("cache:\n  memory:\n    maximumEntries: 100000\n    maximumBytes: 64MiB", "cache: memory"),
            ],
            """
            2:1: roles: must be a list such as [a, b], is "api"
            5:3: directory.region: must be text, is 5; put it in quotes if that is meant
            10:3: http.port: must be a number from 0 to 65535, is "web"
            64:1: cache: must be a section with memory, redis; is "memory"
            """),
        Breakage(
            "bad units",
            [
                ("  requestDeadline: 30s", "  requestDeadline: 30"),
                ("  idleTimeout: 60s", "  idleTimeout: 1.5m"),
                ("  maximumBodyBytes: 256KiB", "  maximumBodyBytes: 256KB"),
                ("  drainDeadline: 25s", "  drainDeadline: 25sec"),
            ],
            """
            14:3: http.maximumBodyBytes: unknown unit "KB" (known: B, kB, KiB, MB, MiB, GB, GiB, TB, \
            TiB); did you mean "256kB"?
            16:3: http.requestDeadline: has no unit; write 30 and one of: ms, s, m, h, d
            17:3: http.idleTimeout: must be a whole number and a unit, such as 15s (ms, s, m, h, d); is \
            "1.5m"
            20:3: http.drainDeadline: unknown unit "sec" (known: ms, s, m, h, d); did you mean "25s"?
            """),
        Breakage(
            "values out of range",
            [
                ("  port: 8080", "  port: 70000"),
                ("    partitions: 8", "    partitions: 0"),
                ("    busyTimeout: 5s", "    busyTimeout: 1h"),
                ("    maximumPixels: 8192x8192", "    maximumPixels: 8192"),
                ("    scryptRounds: 16384", "    scryptRounds: 16000"),
            ],
            """
            10:3: http.port: must be from 0 to 65535, is 70000
            33:5: relational.sqlite.busyTimeout: must be from 1ms to 1m, is 1h
            45:5: events.inProcess.partitions: must be from 1 to 1024, is 0
            86:5: identity.passwordHash.scryptRounds: must be a power of two, such as 16384, is 16000
            108:5: media.libav.maximumPixels: must be a size such as 1920x1080, of 16 to 16384 on either side; is "8192"
            """),
        Breakage(
            "words that are not known",
            [
                ("    preset: veryfast", "    preset: veryfats"),
                ("    minimumConfinement: limits", "    minimumConfinement: prison"),
                ("  logLevel: info", "  logLevel: warn"),
                ("[api, chat, worker, projector, scheduler, relay]", "[api, worker, wroker]"),
            ],
            """
            2:1: roles: entry 3 must be one of: api, chat, worker, projector, scheduler, relay, gateway, scaler; is "wroker"; did you mean "worker"?
            105:5: media.libav.preset: must be one of: ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, veryslow; is "veryfats"; did you mean "veryfast"?
            113:5: media.libav.minimumConfinement: must be one of: none, limits, noNetwork, full; is "prison"
            120:3: telemetry.logLevel: must be one of: trace, debug, info, notice, warning, error, critical; is "warn"; did you mean "warning"?
            """),
        Breakage(
            "adapters twice, none and misspelt",
            [
                ("cache:\n  memory:", "cache:\n  memroy:"),
                ("pubsub:\n  memory:\n    maximumChannels: 100000", "pubsub: {}"),
                ("jobs:\n  table:", "jobs:\n  redis: {}\n  table:"),
            ],
            """
            57:3: jobs.redis: unknown key here ("redis" belongs to cache, pubsub, rateLimits)
            66:3: cache.memroy: unknown key; did you mean "memory"?
            70:9: pubsub: names no adapter; choose one of: memory, redis
            """),
        Breakage(
            "impossible mixes",
            [
                ("  port: 8081", "  port: 8080"),
                ("    lease: 30s", "    lease: 20s"),
                ("  partBytes: 8MiB", "  partBytes: 1MiB"),
                ("  refreshTokenLifetime: 30d", "  refreshTokenLifetime: 10m"),
                ("  drainDeadline: 25s", "  drainDeadline: 5s"),
                ("    firstDelay: 200ms", "    firstDelay: 1m"),
                ("  partURLLifetime: 6h", "  partURLLifetime: 25h"),
            ],
            """
            20:3: http.drainDeadline: must be at least relational.sqlite.statementDeadline (10s), or a write that has begun is cut off
            25:3: admin.port: 127.0.0.1:8080 is taken by http (127.0.0.1:8080); two listeners need two ports
            52:5: events.consumer.firstDelay: must not be longer than maximumDelay (30s)
            58:5: jobs.table.lease: must be at least 3 heartbeats (30s), or live workers lose their jobs
            82:3: identity.refreshTokenLifetime: must be longer than accessTokenLifetime (15m)
            94:3: uploads.maximumBytes: does not fit into 10000 parts of 1MiB; raise partBytes or maximumParts
            97:3: uploads.partURLLifetime: must not be longer than lifetime (1d)
            """),
        Breakage(
            "addresses that cannot be",
            [
                ("  host: 127.0.0.1\n  port: 8080", "  host: 127.0.0.1:8080\n  port: 8080"),
                ("publicURL: http://127.0.0.1:8080", "publicURL: http://videos.example.com"),
                ("allowedOrigins: []", "allowedOrigins: [https://a.example, https://b.example/]"),
                ("issuer: http://127.0.0.1:8080", "issuer: ftp://x"),
            ],
            """
            9:3: http.host: must be a host name or address without a port, is "127.0.0.1:8080"
            11:3: http.publicURL: http is for loopback and private addresses only; use https
            21:3: http.allowedOrigins: entry 2 must be http(s)://host[:port] without a path or a final slash, is "https://b.example/"
            78:3: identity.issuer: must be http(s)://host[:port] without a path or a final slash, is "ftp://x"
            """),
        Breakage(
            "secrets written out",
            [
                ("file:data/secrets/token-signing.key", "hunter2-hunter2"),
                ("file:data/secrets/playback-signing.key", "[hunter2]"),
            ],
            """
            80:3: identity.tokenKey: must be file:PATH or env:NAME: where the secret is, never the secret itself
            116:3: playback.signingKey: must be file:PATH or env:NAME: where the secret is, never the secret itself
            """),
        Breakage(
            "duplicate keys",
            [
                ("  port: 8080", "  port: 8080\n  port: 8082\n  prot: 1"),
                ("playback:", "http:\n  port: 1\nplayback:"),
            ],
            """
            11:3: http.port: duplicate key; the first is in line 10
            12:3: http.prot: unknown key; did you mean "port"?
            117:1: http: duplicate key; the first is in line 8
            """),
        Breakage(
            "empty values",
            [
                ("  audience: cloudstream", "  audience:"),
                ("  allowedOrigins: []", "  allowedOrigins:"),
                ("directory:\n  region: local\n  shard: 0", "directory:"),
                ("[api, chat, worker, projector, scheduler, relay]", "[]"),
            ],
            """
            2:1: roles: must name at least one of: api, chat, worker, projector, scheduler, relay, gateway, scaler
            4:1: directory: must be a section with region, shard, isolation, isolationsOnRequest; is empty
            19:3: http.allowedOrigins: must be a list such as [a, b], is empty
            77:3: identity.audience: must be text, is empty
            """),
        Breakage(
            "discovery that cannot be",
            [
                (
                    "scheduler:\n",
                    "gateway:\n  discovery:\n    dns:\n      name: api:80\n      serverPort: 53\n"
                        + "      server: ns.example\nscheduler:\n"
                )
            ],
            """
            125:7: gateway.discovery.dns.name: must be a host name or address without a port, is "api:80"
            125:7: gateway.discovery.dns.port: missing key
            127:7: gateway.discovery.dns.server: must be an IPv4 address, such as 127.0.0.1
            """),
        Breakage(
            "two ways of discovery",
            [
                (
                    "scheduler:\n",
                    "gateway:\n  discovery:\n    registry: {}\n    dns:\n      name: api\n      port: 80\nscheduler:\n"
                )
            ],
            """
            125:5: gateway.discovery.dns: one adapter only: this section has registry and dns
            """),
    ]
}
