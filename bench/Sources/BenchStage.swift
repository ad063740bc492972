import ArgumentParser

/// Which topology is measured.
enum BenchStage: String, Codable, CaseIterable, ExpressibleByArgument {
    case seed
    case seriesA = "series-a"

    /// Names of its scenarios, as `--only` takes them.
    var scenarios: [String] {
        switch self {
        case .seed:
            [
                "transcode", "noise", "writes", "start", "sockets", "idle-sockets", "fan-out", "feed",
                "search",
            ]
        case .seriesA:
            [
                "select", "pipeline", "pool", "replicas", "redis", "kafka", "jobs", "held", "processes",
                "gateway", "two-servers",
            ]
        }
    }

    var thresholds: String { "bench/thresholds/\(rawValue).json" }
}
