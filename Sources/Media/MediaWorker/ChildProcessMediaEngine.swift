import Foundation
package import Videos

/// Runs each probe and each encode in a confined process of its own.
package struct ChildProcessMediaEngine: MediaEngine {
    package struct Configuration: Sendable {
        /// The program and arguments that lead to `MediaChild.run`.
        package var executable = "/proc/self/exe"
        package var arguments = ["media-worker"]
        /// Private writable memory of a worker.
        package var memoryBytes = 3 << 30
        /// Processor time: so much for each second of video, and so much more in any case.
        package var cpuSecondsPerMediaSecond = 60.0
        package var cpuSeconds = 120.0
        /// Of each file a worker writes.
        package var fileBytes = 1 << 30
        /// Silence after which a worker is killed.
        package var stallSeconds = 60.0
        package var probeDeadlineSeconds = 30.0
        package var transcodeDeadlineSeconds = 12 * 3_600.0
        /// Workers below this refuse to open a source.
        package var minimumConfinement = ConfinementLevel.full

        package init() {}
    }

    private let configuration: Configuration
    private let diagnostics: @Sendable (String) -> Void

    /// `diagnostics` gets what workers wrote to their standard error: for the log, never for users.
    package init(_ configuration: Configuration, diagnostics: @escaping @Sendable (String) -> Void = { _ in })
    {
        self.configuration = configuration
        self.diagnostics = diagnostics
    }

    package func probe(source: String) async throws -> MediaProperties {
        let deadline = configuration.probeDeadlineSeconds
        let result = try await run(.probe(source: source), mediaSeconds: 0, deadline: deadline) { _ in }
        guard case .properties(let properties) = result else {
            throw MediaWorkerError.protocolViolation("no properties")
        }
        try StepCheck(directory: "", tracks: []).verify(properties)
        return properties
    }

    package func transcode(
        _ request: TranscodeRequest, step: @Sendable (TranscodeStep) async throws -> Void
    ) async throws -> TranscodeSummary {
        let check = StepCheck(request)
        let result = try await run(
            .transcode(request: request), mediaSeconds: request.properties.durationSeconds,
            deadline: configuration.transcodeDeadlineSeconds
        ) { told in
            try check.verify(told)
            try await step(told)
        }
        guard case .summary(let summary) = result else {
            throw MediaWorkerError.protocolViolation("no summary")
        }
        try check.verify(summary)
        return summary
    }

    /// Asks a worker to misbehave; gives the outcome of each attempt it could tell.
    package func selfTest(_ test: SelfTest) async throws -> [String: Int32] {
        let check = StepCheck(directory: test.directory, tracks: [])
        let result = try await run(.selfTest(test), mediaSeconds: 0, deadline: 60) { try check.verify($0) }
        guard case .selfTest(let outcomes) = result else {
            throw MediaWorkerError.protocolViolation("no outcomes")
        }
        return outcomes
    }

    private func run(
        _ job: WorkerRequest.Job, mediaSeconds: Double, deadline: Double,
        step: (TranscodeStep) async throws -> Void
    ) async throws -> WorkerReply {
        let child = ChildProcess(try launch(job, mediaSeconds: mediaSeconds, deadline: deadline))
        let outcome = await withTaskCancellationHandler {
            child.start()
            return await converse(with: child, step: step)
        } onCancel: {
            child.stop(.cancelled)
        }
        if let text = child.ending?.diagnostics, !text.isEmpty { diagnostics(text) }
        return try outcome.get()
    }

    private func launch(
        _ job: WorkerRequest.Job, mediaSeconds: Double, deadline: Double
    ) throws -> ChildProcess.Launch {
        let cpu = configuration.cpuSeconds + configuration.cpuSecondsPerMediaSecond * max(0, mediaSeconds)
        let limits = WorkerLimits(
            memoryBytes: configuration.memoryBytes, cpuSeconds: Int(min(cpu, 1e8)),
            fileBytes: configuration.fileBytes)
        let request = WorkerRequest(
            job: job, limits: limits, minimumConfinement: configuration.minimumConfinement)
        return ChildProcess.Launch(
            executable: configuration.executable, arguments: configuration.arguments,
            input: try JSONEncoder().encode(request), stall: .seconds(configuration.stallSeconds),
            deadline: .seconds(deadline))
    }

    /// Reads to the end in any case, so that the process is gone when this returns.
    private func converse(
        with child: ChildProcess, step: (TranscodeStep) async throws -> Void
    ) async -> Result<WorkerReply, any Error> {
        var conversation = WorkerConversation(minimum: configuration.minimumConfinement)
        var failure: (any Error)?
        while let line = await child.lines.next() {
            guard failure == nil else { continue }
            do {
                if let told = try conversation.receive(line) { try await step(told) }
            } catch {
                failure = error
                child.stop(.abandoned)
            }
        }
        if let failure { return .failure(failure) }
        guard let ending = child.ending else {
            return .failure(MediaWorkerError.protocolViolation("no ending"))
        }
        return Result { try conversation.result(after: ending) }
    }
}
