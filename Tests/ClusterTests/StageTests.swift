import Foundation
import Kernel
import Testing

@testable import Cluster

@Suite struct StagePlanTests {
    @Test func `a process is told its role, its ports and the address of the entrance`() {
        let plan = StagePlan.seriesA
        let api = plan.processes.first { $0.name == "api-2" }
        let settings =
            api?.settings(ports: ["api-2": 1, "api-2.admin": 2], entrance: 80, repository: "/r") ?? [:]
        #expect(settings["http.port"] == "1")
        #expect(settings["admin.port"] == "2")
        #expect(settings["gateway.port"] == nil)
        #expect(settings["http.publicURL"] == "http://127.0.0.1:80")
        let words = api?.arguments(profile: "/r/p.yaml", settings: ["b": "2", "a": "1"])
        #expect(words == ["--profile", "/r/p.yaml", "--role", "api", "--set", "a=1", "--set", "b=2"])
        let gateway = plan.processes.first { $0.name == "gateway-2" }
        #expect(gateway?.settings(ports: [:], entrance: 80, repository: "/r")["gateway.port"] == "80")
        #expect(gateway?.arguments(profile: "p", settings: [:]).suffix(2) == ["--listen-fd", "0"])
    }

    @Test func `the chosen port is the entrance's, and every process has one for its administration`() {
        let names = StagePlan.seriesA.portNames
        #expect(names.first == StagePlan.seriesA.entrance)
        #expect(StagePlan.seriesA.processes.allSatisfy { names.contains($0.name + ".admin") })
        #expect(Set(names).count == names.count)
    }

    @Test func `every role of the stage is somebody's, and the entrance starts last`() {
        let plan = StagePlan.seriesA
        let roles = Set(plan.processes.flatMap(\.roles))
        #expect(roles.isSuperset(of: [.api, .worker, .projector, .scheduler, .relay, .gateway]))
        #expect(plan.waves.last?.allSatisfy { $0.roles == [.gateway] } == true)
        #expect(plan.processes.filter { $0.roles.contains(.gateway) }.count >= 2)
        #expect(plan.processes.filter { $0.roles.contains(.api) }.count >= 2)
    }
}

@Suite struct RestartPolicyTests {
    private func settings() -> RestartPolicy.Settings {
        var settings = RestartPolicy.Settings()
        settings.backoff = Backoff(first: .milliseconds(100), maximum: .seconds(1))
        settings.stable = .seconds(10)
        return settings
    }

    private func asked(_ policy: inout RestartPolicy, _ name: String, at now: Duration) -> Bool {
        policy.shouldStart(name, at: now)
    }

    @Test func `who keeps dying waits ever longer, up to a bound`() {
        var policy = RestartPolicy(settings())
        var now = Duration.zero
        var waits: [Duration] = []
        for _ in 0..<6 {
            policy.started("a", at: now)
            let death = now
            while !policy.shouldStart("a", at: now) { now += .milliseconds(10) }
            waits.append(now - death)
        }
        #expect(waits == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
    }

    @Test func `who ran long is forgiven`() {
        var policy = RestartPolicy(settings())
        for _ in 0..<5 {
            policy.started("a", at: .zero)
            _ = policy.shouldStart("a", at: .zero)
        }
        policy.started("a", at: .seconds(1))
        #expect(asked(&policy, "a", at: .seconds(11)) == false)
        #expect(asked(&policy, "a", at: .milliseconds(11_100)))
    }

    @Test func `processes do not count for each other`() {
        var policy = RestartPolicy(settings())
        policy.started("a", at: .zero)
        policy.started("b", at: .zero)
        #expect(asked(&policy, "a", at: .zero) == false)
        #expect(asked(&policy, "a", at: .milliseconds(100)))
        #expect(asked(&policy, "b", at: .milliseconds(100)) == false)
    }
}

/// A program that answers as the product's would, so that the stage itself is what is tested.
@Suite(.serialized, .enabled(if: TemporaryCluster.hasServers, TemporaryCluster.comment))
struct StageTests {
    @Test(.timeLimit(.minutes(5)))
    func `processes start ready, are started again when they die, and restart one by one`() async throws {
        try await TemporaryCluster.with { path in
            let cluster = try await TemporaryCluster.up(.only([.redis]), in: path).cluster
            let stage = try await Stage(try settings(path), over: cluster)
            try await stage.start()
            let first = try await pids(stage, path)
            #expect(first.count == StagePlan.seriesA.processes.count)
            try await withThrowingTaskGroup { group in
                group.addTask { try await stage.supervise() }
                try await stage.kill("worker-1")
                try await eventually {
                    try await pids(stage, path)["worker-1"].map { $0 != first["worker-1"] } == true
                }
                let second = try await pids(stage, path)
                #expect(second["api-1"] == first["api-1"])
                try await stage.rollingRestart(["api-1", "api-2"])
                let third = try await pids(stage, path)
                #expect(third.filter { second[$0.key] != $0.value }.keys.sorted() == ["api-1", "api-2"])
                group.cancelAll()
            }
            let last = try await Stage.status(path).compactMap(\.pid).compactMap(ProcessIdentity.of)
            #expect(last.count == first.count)
            // By the folder alone, as another terminal would.
            try await LocalCluster.down(path)
            #expect(last.allSatisfy { !$0.isAlive })
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a process that does not start is named with the end of its log`() async throws {
        try await TemporaryCluster.with { path in
            let cluster = try await TemporaryCluster.up(.only([.redis]), in: path).cluster
            var settings = try settings(path)
            settings.overrides = ["fail": "no such luck"]
            let stage = try await Stage(settings, over: cluster)
            let failure = try await #require(throws: ClusterFailure.self) { try await stage.start() }
            #expect(failure.description.contains("scheduler-1"))
            #expect(failure.description.contains("no such luck"))
        }
    }

    private func pids(_ stage: Stage, _ path: String) async throws -> [String: Int32] {
        try await Stage.status(path).reduce(into: [:]) { if $1.isHealthy { $0[$1.name] = $1.pid } }
    }

    private func eventually(_ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            try #require(ContinuousClock.now < end)
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func settings(_ path: String) throws -> Stage.Settings {
        let app = path + "/programs-app"
        try Data(Self.program.utf8).write(to: URL(filePath: app))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: app)
        var settings = Stage.Settings(
            app: app, repository: try RepositoryPlaces(root: TemporaryCluster.repository))
        settings.firstPort = nil
        return settings
    }

    private static let program = """
        #!/usr/bin/env python3
        import http.server, signal, sys
        words = sys.argv[1:]
        if words[0] == "migrate":
            sys.exit(0)
        settings = dict(after.split("=", 1) for word, after in zip(words, words[1:]) if word == "--set")
        if "fail" in settings:
            sys.exit(settings["fail"])
        class Ready(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == "/readyz" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()
            def log_message(self, *words):
                pass
        signal.signal(signal.SIGTERM, lambda *words: sys.exit(0))
        http.server.ThreadingHTTPServer(("127.0.0.1", int(settings["admin.port"])), Ready).serve_forever()
        """
}
