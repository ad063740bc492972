private import Synchronization

/// Counts and measures of this process, rendered as Prometheus text (exposition format 0.0.4).
///
/// Series are bounded: past `maximumSeries` new label values are dropped, so that no input can grow memory.
package final class MetricRegistry: Sendable {
    package enum Kind: String, Sendable { case counter, gauge, histogram }

    private struct Family {
        let kind: Kind
        let help: String
        var values: [String: Double] = [:]
        var histograms: [String: Histogram] = [:]
    }

    private struct Histogram {
        var buckets = [Int](repeating: 0, count: MetricRegistry.bounds.count)
        var count = 0
        var sum = 0.0
    }

    /// Upper bounds in seconds (or in items, for sizes).
    static let bounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 512,
    ]
    static let maximumSeries = 2000

    private let families = Mutex<[String: Family]>([:])

    package init() {}

    package func add(
        _ amount: Double = 1, to name: String, help: String, labels: KeyValuePairs<String, String> = [:]
    ) {
        change(name, .counter, help, labels) { family, key in family.values[key, default: 0] += amount }
    }

    package func set(
        _ name: String, to value: Double, help: String, labels: KeyValuePairs<String, String> = [:]
    ) {
        change(name, .gauge, help, labels) { family, key in family.values[key] = value }
    }

    package func observe(
        _ value: Double, in name: String, help: String, labels: KeyValuePairs<String, String> = [:]
    ) {
        change(name, .histogram, help, labels) { family, key in
            var histogram = family.histograms[key] ?? Histogram()
            histogram.count += 1
            histogram.sum += value
            if let bucket = Self.bounds.firstIndex(where: { value <= $0 }) { histogram.buckets[bucket] += 1 }
            family.histograms[key] = histogram
        }
    }

    private func change(
        _ name: String, _ kind: Kind, _ help: String, _ labels: KeyValuePairs<String, String>,
        _ body: (inout Family, String) -> Void
    ) {
        let key = labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        families.withLock { families in
            var family = families[name] ?? Family(kind: kind, help: help)
            let isKnown = family.values[key] != nil || family.histograms[key] != nil
            guard isKnown || family.values.count + family.histograms.count < Self.maximumSeries else {
                return
            }
            // Taken out so that the change is in place, not on a copy.
            families[name] = nil
            body(&family, key)
            families[name] = family
        }
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { "\\\"\n".utf8.contains($0) }) else { return value }
        // By scalars: characters hide a line feed behind a carriage return, and a quote under an accent.
        var text = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\", "\"": text.append(contentsOf: ["\\", scalar])
            case "\n": text.append(contentsOf: ["\\", "n"])
            default: text.append(scalar)
            }
        }
        return String(text)
    }

    /// All families in name order.
    package func exposition() -> String {
        let families = families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, value) in family.values.sorted(by: { $0.key < $1.key }) {
                text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.number(value))\n"
            }
            for (labels, histogram) in family.histograms.sorted(by: { $0.key < $1.key }) {
                text += Self.lines(name, labels, histogram)
            }
        }
        return text
    }

    private static func lines(_ name: String, _ labels: String, _ histogram: Histogram) -> String {
        let prefix = labels.isEmpty ? "" : labels + ","
        let suffix = labels.isEmpty ? "" : "{\(labels)}"
        var text = ""
        var total = 0
        for (bound, count) in zip(bounds, histogram.buckets) {
            total += count
            text += "\(name)_bucket{\(prefix)le=\"\(number(bound))\"} \(total)\n"
        }
        text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(histogram.count)\n"
        return text
            + "\(name)_sum\(suffix) \(number(histogram.sum))\n\(name)_count\(suffix) \(histogram.count)\n"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }
}
