import Telemetry
import Testing

@Suite struct MetricRegistryTests {
    @Test func `counters and gauges are written so`() {
        let metrics = MetricRegistry()
        metrics.add(to: "requests_total", help: "Requests.", labels: ["route": "/a", "status": "200"])
        metrics.add(2, to: "requests_total", help: "Requests.", labels: ["route": "/a", "status": "200"])
        metrics.add(to: "requests_total", help: "Requests.", labels: ["route": "/b", "status": "500"])
        metrics.set("lag_events", to: 7, help: "Lag.")
        metrics.set("lag_events", to: 2.5, help: "Lag.")
        #expect(
            metrics.exposition() == """
                # HELP lag_events Lag.
                # TYPE lag_events gauge
                lag_events 2.5
                # HELP requests_total Requests.
                # TYPE requests_total counter
                requests_total{route="/a",status="200"} 3
                requests_total{route="/b",status="500"} 1

                """)
    }

    @Test func `buckets of a histogram are cumulative`() {
        let metrics = MetricRegistry()
        for value in [0.001, 0.002, 0.003, 0.003, 0.7, 1, 1000] {
            metrics.observe(value, in: "seconds", help: "Times.", labels: ["kind": "x"])
        }
        #expect(
            metrics.exposition() == """
                # HELP seconds Times.
                # TYPE seconds histogram
                seconds_bucket{kind="x",le="0.001"} 1
                seconds_bucket{kind="x",le="0.0025"} 2
                seconds_bucket{kind="x",le="0.005"} 4
                seconds_bucket{kind="x",le="0.01"} 4
                seconds_bucket{kind="x",le="0.025"} 4
                seconds_bucket{kind="x",le="0.05"} 4
                seconds_bucket{kind="x",le="0.1"} 4
                seconds_bucket{kind="x",le="0.25"} 4
                seconds_bucket{kind="x",le="0.5"} 4
                seconds_bucket{kind="x",le="1"} 6
                seconds_bucket{kind="x",le="2.5"} 6
                seconds_bucket{kind="x",le="5"} 6
                seconds_bucket{kind="x",le="10"} 6
                seconds_bucket{kind="x",le="30"} 6
                seconds_bucket{kind="x",le="60"} 6
                seconds_bucket{kind="x",le="300"} 6
                seconds_bucket{kind="x",le="512"} 6
                seconds_bucket{kind="x",le="+Inf"} 7
                seconds_sum{kind="x"} 1001.709
                seconds_count{kind="x"} 7

                """)
    }

    @Test func `a histogram without labels has none but the bound`() {
        let metrics = MetricRegistry()
        metrics.observe(2, in: "items", help: "Items.")
        let lines = metrics.exposition().split(separator: "\n")
        #expect(lines.contains(#"items_bucket{le="2.5"} 1"#))
        #expect(lines.contains("items_sum 2"))
        #expect(lines.contains("items_count 1"))
    }

    @Test(arguments: [
        (#"a"b"#, #"a\"b"#), (#"a\b"#, #"a\\b"#), ("a\nb", #"a\nb"#), (#"\n"#, #"\\n"#), ("é{},=", "é{},="),
        ("", ""), ("a\r\nb", "a\r\\nb"), ("a\"\u{301}b", "a\\\"\u{301}b"), ("a\\\u{301}b", "a\\\\\u{301}b"),
    ])
    func `values of labels are escaped`(_ value: String, _ text: String) {
        let metrics = MetricRegistry()
        metrics.add(to: "c", help: "C.", labels: ["l": value])
        let line = metrics.exposition().utf8.split(separator: UInt8(ascii: "\n")).last.map {
            String(Substring($0))
        }
        #expect(line?.unicodeScalars.elementsEqual("c{l=\"\(text)\"} 1".unicodeScalars) == true)
    }

    @Test func `series are bounded, and those known go on`() {
        let metrics = MetricRegistry()
        for number in 0..<5_000 { metrics.add(to: "c", help: "C.", labels: ["n": "\(number)"]) }
        metrics.add(to: "c", help: "C.", labels: ["n": "0"])
        metrics.add(to: "other", help: "O.")
        let lines = metrics.exposition().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count { $0.hasPrefix("c{") } == 2_000)
        #expect(lines.contains(#"c{n="0"} 2"#))
        #expect(lines.contains("other 1"))
    }

    @Test func `many at once lose no count`() async {
        let metrics = MetricRegistry()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { @concurrent in
                    for number in 0..<1_000 {
                        metrics.add(to: "c", help: "C.", labels: ["n": "\(number % 4)"])
                        metrics.observe(0.5, in: "h", help: "H.")
                    }
                }
            }
        }
        let lines = metrics.exposition().split(separator: "\n")
        for number in 0..<4 { #expect(lines.contains("c{n=\"\(number)\"} 2000")) }
        #expect(lines.contains("h_count 8000"))
        #expect(lines.contains("h_sum 4000"))
    }

    @Test(arguments: [
        (0.0, "0"), (-1, "-1"), (1e14, "100000000000000"), (1e300, "1e+300"), (0.1, "0.1"),
        (Double.infinity, "inf"), (-Double.infinity, "-inf"), (Double.nan, "nan"),
    ])
    func `numbers are written as Prometheus reads them, whatever the case`(_ value: Double, _ text: String) {
        let metrics = MetricRegistry()
        metrics.set("g", to: value, help: "G.")
        #expect(metrics.exposition().hasSuffix("\ng \(text)\n"))
    }

    @Test func `nothing measured is nothing written`() { #expect(MetricRegistry().exposition().isEmpty) }
}
