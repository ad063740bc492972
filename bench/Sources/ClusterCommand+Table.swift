import Cluster

/// Servers as lines for a terminal.
struct ServerTable {
    let text: String

    init(_ servers: [ServerStatus]) {
        let head = ["NAME", "ROLE", "PORT", "PID", "HEALTH", "VERSION"]
        let rows = servers.map {
            [
                $0.name, $0.role, "\($0.port)", $0.pid.map { "\($0)" } ?? "-",
                $0.isHealthy ? "ok" : "DOWN: \($0.detail)", "\($0.technology) \($0.version)",
            ]
        }
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        text = ([head] + rows).map { row in
            zip(row, widths).map { $0.padding(to: $1) }.joined(separator: "  ").trimmedEnd
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    fileprivate var trimmedEnd: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
