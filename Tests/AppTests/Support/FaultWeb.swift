import Cluster
import Foundation

/// A way of its own between each process of a program and each server that it talks to, which can be cut.
///
/// Not Kafka: its broker tells clients its own address, past any proxy.
struct FaultWeb: Sendable {
    struct Link: Sendable, CustomStringConvertible {
        let description: String
        /// One for each server behind the variable.
        fileprivate let proxies: [FaultProxy]

        func cut() async throws { for proxy in proxies { try await proxy.cut() } }

        func heal() async throws { for proxy in proxies { try await proxy.heal() } }
    }

    static let variables = ["CLOUDSTREAM_POSTGRES_URL", "CLOUDSTREAM_REDIS_URL", "CLOUDSTREAM_S3_ENDPOINT"]

    let links: [Link]

    /// Between the processes of a program that has not started yet, and their servers.
    static func around(_ app: RunningApp) async throws -> FaultWeb {
        var links: [Link] = []
        for process in app.processes {
            for variable in variables {
                let (proxies, url) = try await proxies(
                    before: try StagePlace.server(app.place.environment, variable))
                process.environment[variable] = url
                links.append(Link(description: "\(process.roles) and \(variable)", proxies: proxies))
            }
        }
        return FaultWeb(links: links)
    }

    /// Proxies before all servers that the address names, and the address that names them.
    static func proxies(before url: String) async throws -> ([FaultProxy], String) {
        var (proxies, changed): ([FaultProxy], String) = ([], url)
        for port in Set(url.matches(of: /127\.0\.0\.1:(\d+)/).map { String($0.1) }) {
            guard let target = Int(port) else { continue }
            let proxy = try await FaultProxy.start(to: target)
            proxies.append(proxy)
            changed = changed.replacing("127.0.0.1:\(port)", with: "127.0.0.1:\(proxy.port)")
        }
        return (proxies, changed)
    }

    func stop() async throws {
        for link in links { for proxy in link.proxies { try await proxy.stop() } }
    }
}
