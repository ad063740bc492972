import Foundation
import Synchronization
import TestDatabase
import Testing

@testable import MediaWorker

/// What a worker's silence is, over pipes of the test and a clock that the test moves.
@Suite struct ChildPipesTests {
    /// The ends that a worker would have, and what is read at the other ones.
    private final class Stage: Sendable {
        let output: Int32
        let errors: Int32
        private let reading: (output: Int32, errors: Int32)
        private let clock = Mutex(ContinuousClock.now)

        init() throws {
            let (one, other) = (try Self.pipe(), try Self.pipe())
            (output, errors) = (one.writing, other.writing)
            reading = (one.reading, other.reading)
        }

        private static func pipe() throws -> (reading: Int32, writing: Int32) {
            var ends: [Int32] = [-1, -1]
            try #require(Foundation.pipe(&ends) == 0)
            return (ends[0], ends[1])
        }

        func pass(_ span: Duration) { clock.withLock { $0 += span } }

        func say(_ text: String, to descriptor: Int32) {
            _ = Array(text.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        }

        func watch(deadline: Duration = .seconds(3_600)) -> ChildWatch {
            ChildWatch(stall: .seconds(60), deadline: deadline) { self.clock.withLock { $0 } }
        }

        deinit { for descriptor in [reading.output, reading.errors] { close(descriptor) } }

        /// What was read, why it ended, and the diagnostics.
        func read(
            _ watch: ChildWatch, line: (String) -> Void = { _ in }
        ) -> (lines: [String], reason: ChildProcess.Stop?, diagnostics: String) {
            var pipes = ChildPipes(input: -1, output: reading.output, errors: reading.errors)
            var lines: [String] = []
            let reason = pipes.read(watch) {
                lines.append(String(decoding: $0, as: UTF8.self))
                line(lines[lines.count - 1])
            }
            return (lines, reason, pipes.diagnostics)
        }
    }

    @Test func `lines that wait while the parent stands still are no silence`() throws {
        let stage = try Stage()
        let watch = stage.watch()
        stage.say("one\ntwo\n", to: stage.output)
        stage.say("a complaint", to: stage.errors)
        for descriptor in [stage.output, stage.errors] { close(descriptor) }
        stage.pass(.seconds(1_000))
        let read = stage.read(watch)
        #expect(read.lines == ["one", "two"] && read.reason == nil)
        #expect(read.diagnostics == "a complaint")
    }

    @Test func `nor is what comes while the receiver is busy with a line, or soon after`() throws {
        let stage = try Stage()
        let isTaken = DispatchSemaphore(value: 0)
        let writer = Thread {
            isTaken.wait()
            // Behind the reader's next look, most likely; before it is as good.
            usleep(50_000)
            stage.say("two\n", to: stage.output)
            for descriptor in [stage.output, stage.errors] { close(descriptor) }
        }
        writer.start()
        stage.say("one\n", to: stage.output)
        let read = stage.read(stage.watch()) { line in
            guard line == "one" else { return }
            stage.pass(.seconds(1_000))
            isTaken.signal()
        }
        #expect(read.lines == ["one", "two"] && read.reason == nil)
    }

    @Test func `a receiver that takes its time holds the worker's lines back`() async throws {
        let lines = LineMailbox()
        let put = Mutex(0)
        let writer = Thread {
            for number in 0..<100 {
                lines.put(Data([UInt8(number)]))
                put.withLock { $0 += 1 }
            }
            lines.finish()
        }
        writer.start()
        #expect(try await eventually { put.withLock { $0 } == 1 })
        var taken: [UInt8] = []
        while let line = await lines.next() {
            taken += line
            // One more lies ready, and no others.
            #expect(put.withLock { $0 } <= taken.count + 1)
        }
        #expect(taken == Array(0..<100))
    }

    @Test func `a worker that says nothing, or only complains, has stalled`() throws {
        let stage = try Stage()
        let watch = stage.watch()
        stage.say("a complaint", to: stage.errors)
        stage.pass(.seconds(60))
        let read = stage.read(watch)
        #expect(read.lines.isEmpty && read.reason == .stalled)
        for descriptor in [stage.output, stage.errors] { close(descriptor) }
    }

    @Test func `the deadline ends it, whatever it says`() throws {
        let stage = try Stage()
        let watch = stage.watch(deadline: .seconds(10))
        stage.say("one\n", to: stage.output)
        stage.pass(.seconds(10))
        let read = stage.read(watch)
        #expect(read.lines.isEmpty && read.reason == .deadline)
        for descriptor in [stage.output, stage.errors] { close(descriptor) }
    }
}
