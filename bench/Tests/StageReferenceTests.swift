import Synchronization
import Testing

@testable import bench

/// What is read out of the reports of programs that serve as references.
@Suite struct StageReferenceTests {
    @Test func `the rate of pgbench is read, and a failed transaction is a failure`() throws {
        let report = """
            number of transactions actually processed: 120
            number of failed transactions: %@ (0.000%)
            latency average = 0.5 ms
            tps = 1936.125000 (without initial connection time)
            """
        #expect(try PgBench.transactionsPerSecond(report.replacing("%@", with: "0")) == 1936.125)
        #expect(throws: RunFailure.self) {
            try PgBench.transactionsPerSecond(report.replacing("%@", with: "3"))
        }
        #expect(throws: RunFailure.self) { try PgBench.transactionsPerSecond("connection refused") }
    }

    @Test func `the rate of redis-benchmark is read`() throws {
        let report = """
            "test","rps","avg_latency_ms"
            "GET","812345.50","0.901"
            """
        #expect(try RedisReads.requestsPerSecond(report) == 812_345.5)
        #expect(throws: RunFailure.self) { try RedisReads.requestsPerSecond("NOAUTH") }
    }

    @Test func `a pipeline asks for as many rows as it is said to`() {
        let script = PipelinedSelects.script(selects: 3).split(separator: "\n")
        #expect(script.count == 3 + 1 + 3 + 1)
        #expect(script[3] == "\\startpipeline")
        #expect(script.last == "\\endpipeline")
        #expect(script.filter { $0.hasPrefix("SELECT") }.count == 3)
    }

    @Test func `a database's URL is taken apart and put together`() throws {
        let address = try PostgresAddress(
            "postgresql://app:pw@127.0.0.1:5001,127.0.0.1:5002/cloudstream?target_session_attrs=any")
        #expect(address.user == "app")
        #expect(address.ports == [5001, 5002])
        #expect(address.server(1).url == "postgresql://app:pw@127.0.0.1:5002/cloudstream")
        #expect(address.through(port: 7).url == "postgresql://app:pw@127.0.0.1:7/cloudstream")
        #expect(throws: RunFailure.self) { try PostgresAddress("postgresql://app@elsewhere/db") }
        #expect(throws: RunFailure.self) { try PostgresAddress("postgresql://app:pw@10.0.0.1:1/db") }
    }

    @Test func `an answer of HTTP is whole when all of its body is there`() throws {
        let bytes = Array("HTTP/1.1 200 OK\r\ncontent-length: 4\r\nx: y\r\n\r\nbody".utf8)
        let answer = try #require(try KeepAliveClient.parse(bytes))
        #expect(answer.status == 200)
        #expect(answer.body == Array("body".utf8))
        #expect(try KeepAliveClient.parse(bytes.dropLast()) == nil)
        #expect(try KeepAliveClient.parse(Array("HTTP/1.1 200".utf8)) == nil)
        #expect(throws: RunFailure.self) { try KeepAliveClient.parse(Array("hello\r\n\r\n".utf8)) }
    }

    @Test func `processor time is read past a name with spaces and parentheses`() {
        let stat = "42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0 20 0 1"
        #expect(ProcessTime.ticks(stat) == 42)
        #expect(ProcessTime.ticks("nonsense") == 0)
    }
}

/// The oracle that knows what replicas had replayed.
@Suite struct ReplayTracksTests {
    private let start = ContinuousClock.now

    private func at(_ milliseconds: Int, _ position: UInt64) -> ReplayTracks.Point {
        (start + .milliseconds(milliseconds), position)
    }

    @Test func `a read is answerable once any replica has replayed what it must see`() {
        let tracks = ReplayTracks(tracks: [[at(0, 10), at(50, 30)], [at(10, 20)]])
        #expect(tracks.answerable([at(5, 10)], within: .zero) == 1)
        #expect(tracks.answerable([at(5, 20)], within: .zero) == 0)
        #expect(tracks.answerable([at(5, 20)], within: .milliseconds(5)) == 1)
        #expect(tracks.answerable([at(45, 30), at(20, 30)], within: .milliseconds(20)) == 1)
        #expect(tracks.answerable([at(100, 31)], within: .seconds(1)) == 0)
    }

    @Test func `nothing is known of a replica before its first word`() {
        let tracks = ReplayTracks(tracks: [[at(10, 5)], []])
        #expect(tracks.answerable([at(9, 1)], within: .zero) == 0)
        #expect(tracks.answerable([at(9, 0)], within: .zero) == 1)
    }

    @Test func `positions are read as the server writes them`() {
        #expect(ReplayTracks.position("16/B374D848") == 0x16_B374_D848)
        #expect(ReplayTracks.position("0/0") == 0)
        #expect(ReplayTracks.position("0") == nil)
        #expect(ReplayTracks.position("0/x") == nil)
    }
}

/// Load and choice of stages.
@Suite struct BenchStageTests {
    @Test func `what is done before the load counts is left out`() async throws {
        let passed = Mutex(Duration.zero)
        let start = ContinuousClock.now
        let load = TaskLoad(tasks: 1, warmUp: .milliseconds(50), duration: .seconds(2)) {
            start + passed.withLock { $0 }
        }
        let calls = Mutex(0)
        let rate = try await load.rate { _ in
            passed.withLock { $0 += .milliseconds(10) }
            calls.withLock { $0 += 1 }
        }
        #expect(rate == 100, "each takes 10 ms")
        #expect(calls.withLock { $0 } == 205)
    }

    @Test func `the first failure ends the load`() async {
        let load = TaskLoad(tasks: 4, warmUp: .zero, duration: .seconds(3_600))
        await #expect(throws: RunFailure.self) { _ = try await load.rate { _ in throw RunFailure("no") } }
    }

    @Test func `each stage has scenarios of its own`() {
        for stage in BenchStage.allCases {
            #expect(Set(stage.scenarios).count == stage.scenarios.count)
            #expect(stage.thresholds == "bench/thresholds/\(stage.rawValue).json")
        }
    }
}
