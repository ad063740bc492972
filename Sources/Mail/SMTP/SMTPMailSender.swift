package import Kernel
package import Logging
package import NIOCore
private import NIOSSL

/// Hands letters to a mail server, over a few connections that are used again.
package actor SMTPMailSender: MailSender {
    private let settings: SMTPSettings
    private let sender: MailAddress
    private let tls: NIOSSLContext?
    private let group: any EventLoopGroup
    private let logger: Logger
    private var idle: [SMTPLink] = []
    private var inUse = 0
    private var waiting: [(id: UUIDv7, wake: CheckedContinuation<Void, any Error>)] = []

    package init(_ settings: SMTPSettings, eventLoopGroup: any EventLoopGroup, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        group = eventLoopGroup
        sender = try MailAddress(settings.sender)
        if settings.security == .none {
            tls = nil
        } else {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            if let file = settings.authorities { configuration.trustRoots = .file(file) }
            tls = try NIOSSLContext(configuration: configuration)
        }
    }

    package func send(_ letter: Letter) async throws {
        let text = try MailText(letter, from: sender, at: .now())
        let deadline = settings.letterDeadline
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.send(text) }
            group.addTask {
                try await Task.sleep(for: deadline)
                throw SMTPFailure(.late, "the letter took longer than \(deadline)").failure
            }
            // The first of them decides; the other is cancelled, and its connection closed.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func send(_ text: MailText) async throws {
        try await enter()
        defer { leave() }
        do {
            try await hand(over: text)
        } catch let failure as SMTPFailure {
            if Task.isCancelled { throw CancellationError() }
            throw failure.failure
        }
    }

    private func hand(over text: MailText) async throws {
        while let link = idle.popLast() {
            guard link.isOpen else { continue }
            do {
                return try await use(link, text)
            } catch let failure as SMTPFailure where !failure.wasBegun {
                // The server had hung up meanwhile: nothing of the letter was said.
                logger.debug("a kept mail connection had ended", metadata: ["reason": "\(failure.reason)"])
            }
        }
        let link = try await SMTPLink.connect(settings, tls: tls, name: sender.domain, group: group)
        try await use(link, text)
    }

    private func use(_ link: SMTPLink, _ text: MailText) async throws {
        var link = link
        do {
            try await link.send(text)
        } catch {
            link.close()
            throw error
        }
        link.letters += 1
        if link.letters < settings.lettersPerConnection { idle.append(link) } else { link.close() }
    }

    /// One of the places for connections; waits while all are taken.
    private func enter() async throws {
        guard inUse >= settings.connections else {
            inUse += 1
            return
        }
        guard waiting.count < settings.maximumWaiting else {
            throw Failure(.overloaded, "overloaded", "Too many letters wait for the mail server.")
        }
        let id = UUIDv7()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiting.append((id, continuation))
                }
            }
        } onCancel: {
            Task { await self.giveUp(id) }
        }
    }

    /// The place goes to whoever waits longest.
    private func leave() {
        if waiting.isEmpty { inUse -= 1 } else { waiting.removeFirst().wake.resume() }
    }

    private func giveUp(_ id: UUIDv7) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).wake.resume(throwing: CancellationError())
    }
}
