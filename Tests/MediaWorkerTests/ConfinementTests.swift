import Foundation
import TestProcess
import Testing
import Videos

@testable import MediaWorker

extension MediaWorkerTests {
    @Suite struct ConfinementTests {
        @Test func workerReachesNothingButItsFiles() async throws {
            let test = try Worker.selfTest(.tryEverything)
            let outcomes = try await Worker.engine().selfTest(test)
            let available = ConfinementReport.available()
            #expect(outcomes["readSource"] == 0)
            #expect(outcomes["writeDirectory"] == 0)
            if available.callFilter {
                for name in ["socket", "fork", "execute", "signalParent"] {
                    #expect(outcomes[name] == EPERM, "\(name)")
                }
            }
            if available.landlock > 0 {
                for name in ["readForbidden", "writeOutside", "writeSource"] {
                    #expect(outcomes[name] == EACCES, "\(name)")
                }
            }
            #expect(!FileManager.default.fileExists(atPath: test.forbidden + ".written"))
        }

        @Test func silenceIsATimeout() async throws {
            let engine = Worker.engine { $0.stallSeconds = 0.5 }
            let failure = await #expect(throws: MediaFailure.self) {
                try await engine.selfTest(try Worker.selfTest(.hang))
            }
            #expect(failure?.code == .timeout)
            #expect(Worker.children().isEmpty)
        }

        @Test func processorTimeIsLimited() async throws {
            let engine = Worker.engine { $0.cpuSeconds = 1 }
            let failure = await #expect(throws: MediaFailure.self) {
                try await engine.selfTest(try Worker.selfTest(.spin))
            }
            #expect(failure?.code == .timeout)
        }

        @Test func memoryIsLimited() async throws {
            let engine = Worker.engine { $0.memoryBytes = 256 << 20 }
            let failure = await #expect(throws: MediaFailure.self) {
                try await engine.selfTest(try Worker.selfTest(.fillMemory))
            }
            #expect(failure?.code == .outOfResources)
        }

        @Test func crashIsTold() async throws {
            let failure = await #expect(throws: MediaFailure.self) {
                try await Worker.engine().selfTest(try Worker.selfTest(.crash))
            }
            #expect(failure?.code == .workerCrashed)
        }

        @Test func longLinesAndForeignFilesAreViolations() async throws {
            await #expect(throws: MediaWorkerError.protocolViolation("a line longer than 65536 bytes")) {
                try await Worker.engine().selfTest(try Worker.selfTest(.longLine))
            }
            await #expect(throws: MediaWorkerError.protocolViolation("a file outside its folder")) {
                try await Worker.engine().selfTest(try Worker.selfTest(.foreignPath))
            }
            #expect(Worker.children().isEmpty)
        }

        @Test func workerEndsWhenItsInputEnds() throws {
            let test = WorkerRequest(
                job: .selfTest(try Worker.selfTest(.hang)),
                limits: WorkerLimits(memoryBytes: 1 << 30, cpuSeconds: 10, fileBytes: 1 << 20),
                minimumConfinement: .none)
            let (input, output) = (Pipe(), Pipe())
            let process = try ChildProcess(
                Worker.executable, ["media-worker"], input: .file(input.fileHandleForReading),
                output: .file(output.fileHandleForWriting))
            try input.fileHandleForReading.close()
            try output.fileHandleForWriting.close()
            try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(test) + Data("\n".utf8))
            #expect(!output.fileHandleForReading.availableData.isEmpty)
            #expect(process.isRunning)
            try input.fileHandleForWriting.close()
            #expect(process.waitUntilEnd() == .exit(1))
        }

        @Test func levelsFollowFromWhatWasAchieved() {
            var report = ConfinementReport(
                limits: false, networkNamespace: true, landlock: 3, callFilter: true)
            #expect(report.level == .none)
            report.limits = true
            #expect(report.level == .full)
            report.landlock = 0
            #expect(report.level == .noNetwork)
            report.callFilter = false
            #expect(report.level == .noNetwork)
            report.networkNamespace = false
            #expect(report.level == .limits)
            #expect(ConfinementLevel.none < .limits && .limits < .noNetwork && .noNetwork < .full)
        }

        @Test func tooWeakConfinementIsRefused() throws {
            var conversation = WorkerConversation(minimum: .full)
            let weak = ConfinementReport(
                limits: true, networkNamespace: false, landlock: 0, callFilter: false)
            let line = try JSONEncoder().encode(WorkerReply.confinement(weak))
            #expect(throws: MediaWorkerError.confinementTooWeak(weak, minimum: .full)) {
                try conversation.receive(line)
            }
        }

        @Test func workBeforeConfinementIsAViolation() throws {
            var conversation = WorkerConversation(minimum: .none)
            let line = try JSONEncoder().encode(WorkerReply.step(.progress(0.5)))
            #expect(throws: MediaWorkerError.protocolViolation("work before confinement")) {
                try conversation.receive(line)
            }
        }
    }
}
