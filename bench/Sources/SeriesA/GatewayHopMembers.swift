import Cluster
import Foundation

/// Two api processes, a gateway before them, and nginx before them.
actor GatewayHopMembers {
    private static let apis = 2

    private let launcher: AppLauncher
    private var running: [RunningProgram] = []
    private var ports: [GatewayHop.Way: [Int]] = [:]

    init(_ launcher: AppLauncher) { self.launcher = launcher }

    /// Where to ask that way. Throws, with what it said last, if a process has ended.
    func ports(_ way: GatewayHop.Way) throws -> [Int] {
        for program in running where !program.isRunning {
            throw RunFailure(
                "a process behind or before the gateway has ended: \(program.errors.suffix(600))")
        }
        return ports[way] ?? []
    }

    func start() async throws {
        var direct: [Int] = []
        for _ in 0..<Self.apis {
            let port = try PortChoice.takeOne()
            running.append(
                try await launcher.start(
                    role: "api", settings: ["http.port=\(port)", "registry.register=true"]))
            direct.append(port)
        }
        let (gateway, nginx) = (try PortChoice.takeOne(), try PortChoice.takeOne())
        running.append(try await launcher.start(role: "gateway", settings: ["gateway.port=\(gateway)"]))
        running.append(try await startNginx(at: nginx, before: direct))
        ports = [.direct: direct, .gateway: [gateway], .nginx: [nginx]]
        for port in [gateway, nginx] { try await waitUntilServed(port) }
    }

    func stop() async {
        for program in running.reversed() { _ = await program.stop() }
        running = []
    }

    /// The configuration for production, with other addresses.
    private func startNginx(at port: Int, before apis: [Int]) async throws -> RunningProgram {
        let folder = launcher.servers.scratch.root.appending(path: "nginx")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let source = launcher.repository.appending(path: "deploy/edge/nginx.conf")
        let configuration = folder.appending(path: "nginx.conf")
        try String(contentsOf: source, encoding: .utf8).write(
            to: configuration, atomically: true, encoding: .utf8)
        let members = apis.map { "server 127.0.0.1:\($0) max_fails=3 fail_timeout=5s max_conns=2000;" }
            .joined()
        for (name, text) in [
            "nginx-listen.conf": "listen 127.0.0.1:\(port);",
            "nginx-upstreams.conf": ["api", "chat"].map {
                "upstream \($0) { zone \($0) 64k; \(members) keepalive 64; }\n"
            }.joined(),
        ] {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        return try await Program(
            executable: "/usr/sbin/nginx",
            arguments: ["-p", folder.plainPath, "-c", configuration.plainPath, "-g", "daemon off;"],
            folder: launcher.servers.scratch.root
        ).start()
    }

    private func waitUntilServed(_ port: Int) async throws {
        let (probe, end) = (HTTPProbe(port: port, path: "/livez"), ContinuousClock.now + .seconds(20))
        while !probe.isAnswered {
            guard ContinuousClock.now < end else {
                let errors = running.map { String($0.errors.suffix(300)) }.joined(separator: "\n")
                throw RunFailure("nobody answers through port \(port): \(errors)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
