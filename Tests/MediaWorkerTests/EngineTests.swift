import Foundation
import Synchronization
import TestDatabase
import Testing
import Videos

@testable import MediaWorker

extension MediaWorkerTests {
    @Suite struct EngineTests {
        @Test func probeDescribesAFilm() async throws {
            let properties = try await Worker.engine().probe(source: try Worker.film())
            #expect((properties.width, properties.height) == (320, 240))
            #expect(Worker.children().isEmpty)
        }

        @Test func failureOfTheSourceIsTold() async throws {
            let path = try Worker.folder() + "/text.mp4"
            try Data("no film".utf8).write(to: URL(filePath: path))
            let failure = await #expect(throws: MediaFailure.self) {
                try await Worker.engine().probe(source: path)
            }
            #expect(failure?.code == .notAVideo)
            let missing = await #expect(throws: MediaFailure.self) {
                try await Worker.engine().probe(source: path + ".none")
            }
            #expect(missing?.code == .sourceMissing)
        }

        @Test func encodeTellsItsStepsAndEndsWithASummary() async throws {
            let request = try await Worker.request(try Worker.film())
            let steps = Mutex<[TranscodeStep]>([])
            let summary = try await Worker.engine().transcode(request) { step in
                steps.withLock { $0.append(step) }
            }
            #expect(summary == TranscodeSummary(segments: 3, frames: 90, durationSeconds: 3))
            let segments = steps.withLock { $0 }.filter {
                if case .segment = $0 { true } else { false }
            }
            #expect(segments.count == 6)
            #expect(Worker.children().isEmpty)
        }

        @Test func errorOfTheReceiverEndsTheWorker() async throws {
            struct Full: Error {}
            let request = try await Worker.request(try Worker.film(seconds: 5))
            await #expect(throws: Full.self) {
                try await Worker.engine().transcode(request) { _ in throw Full() }
            }
            #expect(Worker.children().isEmpty)
        }

        @Test func cancellingLeavesNoProcess() async throws {
            let hung = Task { try await Worker.engine().selfTest(try Worker.selfTest(.hang)) }
            #expect(try await eventually { Worker.children().count == 1 })
            hung.cancel()
            await #expect(throws: CancellationError.self) { try await hung.value }
            #expect(Worker.children().isEmpty)
        }

        @Test func killedWorkerIsACrashThatMayBeTriedAgain() async throws {
            let hung = Task { try await Worker.engine().selfTest(try Worker.selfTest(.hang)) }
            #expect(try await eventually { Worker.children().count == 1 })
            for child in Worker.children() { kill(child, SIGKILL) }
            let failure = await #expect(throws: MediaFailure.self) { try await hung.value }
            #expect(failure?.code == .workerCrashed)
            #expect(failure?.isRetryable == true)
            #expect(Worker.children().isEmpty)
        }

        @Test func manyProbesAtOnceAllEnd() async throws {
            let film = try Worker.film()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<12 { group.addTask { try await Worker.engine().probe(source: film).width } }
                for try await width in group { #expect(width == 320) }
            }
            #expect(Worker.children().isEmpty)
        }

        @Test func programThatIsMissingIsTold() async throws {
            let engine = Worker.engine { $0.executable = "/nowhere/app" }
            await #expect(throws: MediaWorkerError.notStarted(errno: ENOENT)) {
                try await engine.probe(source: "/nowhere/film.mp4")
            }
        }

        @Test func programThatIsNoWorkerIsAViolation() async throws {
            let engine = Worker.engine {
                $0.executable = "/bin/echo"
                $0.arguments = ["hello"]
            }
            await #expect(throws: MediaWorkerError.protocolViolation("a line that is no reply")) {
                try await engine.probe(source: "/nowhere/film.mp4")
            }
        }
    }
}
