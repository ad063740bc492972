import Foundation
import NIOCore

/// What a server answered.
package struct Health: Sendable, Equatable {
    package let isUp: Bool
    /// Its role, or why it is down.
    package let detail: String

    static func up(_ detail: String = "") -> Health { Health(isUp: true, detail: detail) }
    static func down(_ detail: String) -> Health { Health(isUp: false, detail: detail) }
}

extension HealthCheck {
    /// Asks once; takes 3 s at most, a `program` 8 s.
    package func run() async -> Health {
        do {
            return try await ask()
        } catch {
            let text = (error as? ClusterFailure)?.description ?? "\(error)"
            return .down(text.split(separator: "\n").last.map(String.init) ?? text)
        }
    }

    private func ask() async throws -> Health {
        switch self {
        case .postgres(let psql, let port, let password):
            let client = PostgresClient(psql: psql, port: port, user: "postgres", password: password)
            let answer = try await client.ask("SELECT pg_is_in_recovery()", deadline: .seconds(3))
            return .up(answer == "t" ? "replica" : "primary")
        case .pgBouncer(let psql, let port, let password):
            let client = PostgresClient(
                psql: psql, port: port, user: "cloudstream_app", password: password, database: "cloudstream")
            return try await client.ask("SELECT 1", deadline: .seconds(3)) == "1"
                ? .up("pooler") : .down("no answer")
        case .redis(let port, let password, let proof): return try await redis(port, password, proof)
        case .kafka(let port): return try await kafka(port)
        case .s3(let access): return try await S3Client(access: access).list()
        case .listens(let port):
            try await TCPExchange.connect(port: port)
            return .up()
        case .program(let command, let text):
            let program = ChildProgram(
                command: command, environment: ChildProgram.plainEnvironment(home: "/"), folder: "/")
            let answer = try await program.run(deadline: .seconds(8))
            return answer.contains(text)
                ? .up() : .down(answer.split(separator: "\n").first.map(String.init) ?? "")
        case .http(let port, let path): return try await http(port, path)
        }
    }

    /// A role is the first word of the answer to ROLE; the answer to PING ends all.
    private func redis(_ port: Int, _ password: String, _ proof: RedisProof) async throws -> Health {
        let (question, expected) =
            switch proof {
            case .answers: ("PING", "+PONG")
            case .clusterIsWhole: ("CLUSTER INFO", "cluster_state:ok")
            case .quorum(let name): ("SENTINEL CKQUORUM \(name)", "+OK 3 usable")
            }
        let words = "AUTH \(password)\r\nROLE\r\n\(question)\r\nPING\r\n"
        let answer = try await TCPExchange.ask(port: port, Array(words.utf8)) { answer in
            let text = String(buffer: answer)
            return text.hasPrefix("-") || text.hasSuffix("+PONG\r\n")
        }
        let text = String(buffer: answer)
        guard text.hasPrefix("+OK"), text.contains("\r\n+PONG"), text.contains(expected) else {
            let refusal = text.split(separator: "\r\n").last { $0.hasPrefix("-") }
            return .down(
                refusal.map { String($0.dropFirst()) } ?? "\(question) is not answered by \(expected)")
        }
        let role = ["master", "slave", "sentinel"].first { text.contains("\r\n\($0)\r\n") }
        let names = ["master": "primary", "slave": "replica"]
        return .up(role.map { names[$0] ?? $0 } ?? "")
    }

    /// ApiVersions, version 0: any broker answers with the number of the request and its list.
    private func kafka(_ port: Int) async throws -> Health {
        let client = Array("cluster".utf8)
        let request: [UInt8] = [0, 18, 0, 0, 0, 0, 0, 7, 0, UInt8(client.count)] + client
        let answer = try await TCPExchange.ask(port: port, [0, 0, 0, UInt8(request.count)] + request) {
            guard let size = $0.getInteger(at: 0, as: Int32.self) else { return false }
            return $0.readableBytes >= 4 + Int(size)
        }
        guard answer.getInteger(at: 4, as: Int32.self) == 7, answer.getInteger(at: 8, as: Int16.self) == 0
        else {
            return .down("no broker answers")
        }
        return .up("broker")
    }

    private func http(_ port: Int, _ path: String) async throws -> Health {
        let request = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n"
        let answer = String(buffer: try await TCPExchange.ask(port: port, Array(request.utf8)) { _ in false })
        let status = answer.split(separator: " ", maxSplits: 2).dropFirst().first.map(String.init) ?? ""
        return status == "200" ? .up() : .down(status.isEmpty ? "no answer" : "answers \(status)")
    }
}
