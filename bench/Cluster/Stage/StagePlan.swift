/// The processes of a stage: one program in many roles.
package struct StagePlan: Sendable, Equatable {
    /// The profile, and what people call the stage.
    package let name: String
    package let processes: [StageProcess]
    /// The port that browsers talk to: all gateways share it.
    package let entrance: String

    /// Postgres, Redis, Kafka and S3, behind two of everything that answers people.
    package static let seriesA = StagePlan(
        name: "series-a",
        processes: [
            StageProcess("scheduler-1", [.scheduler, .relay], wave: 0),
            StageProcess("api-1", [.api], wave: 1),
            StageProcess("api-2", [.api], wave: 1),
            StageProcess("chat-1", [.chat], wave: 1),
            StageProcess("chat-2", [.chat], wave: 1),
            StageProcess("worker-1", [.worker], wave: 1),
            StageProcess("projector-1", [.projector], wave: 1),
            StageProcess("gateway-1", [.gateway], wave: 2),
            StageProcess("gateway-2", [.gateway], wave: 2),
        ], entrance: "gateway")

    package static func named(_ name: String) -> StagePlan? { [seriesA].first { $0.name == name } }

    /// Ports by name; the entrance's first, so that it is the one a person chose.
    package var portNames: [String] {
        [entrance]
            + processes.flatMap { process in
                (process.listens ? [process.name] : []) + [process.name + ".admin"]
            }
    }

    /// Those of one wave start together, after all of the one before are ready.
    package var waves: [[StageProcess]] {
        Set(processes.map(\.wave)).sorted().map { wave in processes.filter { $0.wave == wave } }
    }
}

/// One process of a stage.
package struct StageProcess: Sendable, Equatable {
    package enum Role: String, Sendable {
        case api, chat, worker, projector, scheduler, relay, gateway, scaler
    }

    package let name: String
    package let roles: [Role]
    package let wave: Int

    package init(_ name: String, _ roles: [Role], wave: Int) {
        self.name = name
        self.roles = roles
        self.wave = wave
    }

    /// Whether it has a listener for requests of its own.
    var listens: Bool { roles.contains(.api) || roles.contains(.chat) }
    /// Whether it takes connections of the entrance, whose socket it inherits as standard input.
    var isEntrance: Bool { roles.contains(.gateway) }

    /// The overrides of the profile's keys.
    func settings(ports: [String: Int], entrance: Int, repository: String) -> [String: String] {
        let url = "http://127.0.0.1:\(entrance)"
        var settings = [
            "admin.port": "\(ports[name + ".admin"] ?? 0)", "http.publicURL": url, "identity.issuer": url,
            "http.web": repository + "/web", "http.schemas": repository + "/schemas",
        ]
        if listens { settings["http.port"] = "\(ports[name] ?? 0)" }
        if roles.contains(.gateway) { settings["gateway.port"] = "\(entrance)" }
        return settings
    }

    func arguments(profile: String, settings: [String: String]) -> [String] {
        ["--profile", profile, "--role", roles.map(\.rawValue).joined(separator: ",")]
            + (isEntrance ? ["--listen-fd", "0"] : [])
            + settings.sorted { $0.key < $1.key }.flatMap { ["--set", "\($0.key)=\($0.value)"] }
    }
}
